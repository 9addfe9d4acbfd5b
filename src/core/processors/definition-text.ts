/**
 * The definition of a processor as a string that its subscription keeps: what its module describes, and the fingerprints of its
 * code. If it changes while the version stays, the stored rows or states belong to other code.
 */
import type { CodeFingerprints } from '../define/state-fingerprint.ts';
import { DefinitionError } from '../errors.ts';
import { toHex } from '../uuid.ts';
import type { SubscriptionId } from './processor-store.ts';

/** A definition has changed, and its version has not. */
export class DefinitionChanged extends DefinitionError {
  override readonly name: string = 'DefinitionChanged';
  /** The parts that differ, by their places in the definition: `events`, `project.Deposited`. */
  readonly changes: readonly string[];

  constructor({ name, version }: SubscriptionId, changes: readonly string[]) {
    super(
      name,
      `the definition has changed and the version is still ${version}: ${changes.join(', ')} differ from what the store has. ` +
        'Raise the version. If only the text of the code differs, start with acceptChanges: ' +
        `[${JSON.stringify(name)}]`,
    );
    this.changes = changes;
  }
}

/** Names are sorted, so that equal definitions have equal texts. */
export function definitionText(descriptor: object, { codeFingerprints = {} }: CodeFingerprints = {}): string {
  return JSON.stringify({ ...descriptor, ...codeFingerprints }, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The parts in which two definitions differ. Empty if they are equal. */
export function changesBetween(stored: string, present: string): readonly string[] {
  if (stored === present) return [];
  const [before, now] = [partsOf(stored), partsOf(present)];
  const names = new Set([...before.keys(), ...now.keys()]);
  return [...names].filter((name) => before.get(name) !== now.get(name)).sort();
}

function partsOf(definition: string): ReadonlyMap<string, string> {
  const parts: unknown = JSON.parse(definition);
  if (typeof parts !== 'object' || parts === null) return new Map();
  return new Map(Object.entries(parts).map(([name, value]) => [name, JSON.stringify(value)]));
}
