/**
 * *CanonicalABI.md*, "Despecialization": the types that are another notation of a `variant`, and the layout of their
 * cases.
 */
import { alignTo, discriminantLayout, type FlatType, joinTo, widest } from './layout.ts';
import type { ValueTypeNode } from './nodes.ts';

/** A case of a variant. */
export interface CaseNode {
  readonly name: string;
  readonly type: ValueTypeNode | undefined;
}

const RESULT = ['ok', 'err'];

/** Returns the cases of a `variant`, or of a type that despecializes to one. */
export function casesOf({ kind, labels, inside }: ValueTypeNode): readonly CaseNode[] {
  if (kind === 'option') return [none, { name: 'some', type: inside[0] }];
  const names = kind === 'result' ? RESULT : labels;
  return names.map((name, index) => ({ name, type: inside[index] }));
}

const none: CaseNode = { name: 'none', type: undefined };

/** Returns the offset of a variant's payload, which comes after the discriminant, aligned to `max_case_alignment`. */
export function payloadOffset(cases: readonly CaseNode[]): number {
  const alignments = cases.map(({ type }) => type?.layout.alignment ?? 1);
  return alignTo(discriminantLayout(cases.length).size, alignments.reduce(widest, 1));
}

/** Implements `flatten_variant`, without the discriminant. */
export function joinedPayloads(cases: readonly CaseNode[]): readonly FlatType[] {
  const joined: FlatType[] = [];
  for (const { type } of cases) if (type !== undefined) joinTo(joined, 0, type.layout.flat);
  return joined;
}
