/** The capabilities that some stores do not have. */
import { DecidableError } from '../errors.ts';
import type { ProcessorCapabilities, SubscriptionId, TableSetup, TableStatement } from './processor-store.ts';

/** The name of a capability that a store of processors may lack. */
export type Capability = Exclude<keyof ProcessorCapabilities, 'documents'>;

/** The stores of the package that have each capability. A test compares this list with the stores. */
export const STORES_WITH: Readonly<Record<Capability, readonly string[]>> = {
  tables: ['SQLite', 'PostgreSQL'],
  inline: ['SQLite'],
};

const ADVICE: Readonly<Record<Capability, string>> = {
  tables: 'pass the processors of such a store to start, or use documents (defineProjector)',
  inline: 'open such a store, or omit inline()',
};

/** A part of a system needs a capability that the store lacks. `payload` names stores that have it. */
export class UnsupportedByStore extends DecidableError<
  'unsupported-by-store',
  { readonly part: string; readonly capability: Capability; readonly stores: readonly string[] }
> {
  override readonly name: string = 'UnsupportedByStore';

  constructor(part: string, capability: Capability) {
    const stores = STORES_WITH[capability];
    super(
      'definition',
      'unsupported-by-store',
      { part, capability, stores },
      `${part}: this store lacks the capability "${capability}"; stores with it: ${stores.join(', ')}; ${ADVICE[capability]}`,
    );
  }
}

/**
 * Refuses the tables of a subscription and the statements of a commit, in a store that cannot run them.
 * @throws UnsupportedByStore
 */
export function refuseTables(
  subscription: SubscriptionId | undefined,
  given: TableSetup | readonly TableStatement[] | undefined,
): void {
  if (given === undefined || (Array.isArray(given) && given.length === 0)) return;
  throw new UnsupportedByStore(subscription?.name ?? 'commit', 'tables');
}
