/**
 * The definition of a processor as a string, which is stored with its subscription: the module's descriptor and the
 * fingerprints of its code. If it changes but the version does not, the stored rows or states were made by different
 * code.
 */
import type { CodeFingerprints } from '../define/state-fingerprint.ts';
import { DefinitionError } from '../errors.ts';
import { toHex } from '../uuid.ts';
import type { SubscriptionId } from './processor-store.ts';

/** A definition has changed without a new version. */
export class DefinitionChanged extends DefinitionError {
  override readonly name: string = 'DefinitionChanged';
  /** The parts that differ, by their places in the definition: `events`, `project.Deposited`. */
  readonly changes: readonly string[];

  constructor({ name, version }: SubscriptionId, changes: readonly string[]) {
    super(
      name,
      `the definition has changed, but the version is still ${version}: ${changes.join(', ')} differ from the stored definition. ` +
        'Raise the version. If the code has the same meaning as before, start with acceptChanges: ' +
        `[${JSON.stringify(name)}]`,
    );
    this.changes = changes;
  }
}

/** Returns the definition as JSON. Names are sorted, so that equal definitions have equal strings. */
export function definitionText(descriptor: object, { codeFingerprints = {} }: CodeFingerprints = {}): string {
  return JSON.stringify({ ...descriptor, ...codeFingerprints }, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Returns the parts in which two definitions differ. The list is empty if they are equal. */
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
