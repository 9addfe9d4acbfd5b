/** `decidable/stores`: opens any store by its address. */
export { AddressError, type AddressPart, withoutSecrets } from './address-error.ts';
export { type OpenedStore, type OpenStoreOptions, openStore } from './open-store.ts';
