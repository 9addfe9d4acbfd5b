/** `decidable/stores`: opens any store by its address, and copies one store to another. */
export { CopyError, type CopyErrorCode } from '../../../core/copying/copy-error.ts';
export type { CopiedProcessors, StoreWithProcessors } from '../../../core/copying/copy-processors.ts';
export {
  type CopyDestination,
  type CopyProgress,
  type CopyResult,
  type CopySource,
  type CopyStoreOptions,
  copyStore,
} from '../../../core/copying/copy-store.ts';
export { AddressError, type AddressPart, withoutSecrets } from './address-error.ts';
export { type OpenedStore, type OpenStoreOptions, openStore } from './open-store.ts';
