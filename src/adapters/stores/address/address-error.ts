/** The error for an invalid address of a store. */
import { DecidableError } from '../../../core/errors.ts';

/** The part of an address that is wrong. */
export type AddressPart = 'address' | 'scheme' | 'host' | 'path' | 'parameter';

/** The address of a store is invalid. `payload` names the part and, for a parameter, its name. */
export class AddressError extends DecidableError<
  'invalid-address',
  { readonly part: AddressPart; readonly parameter?: string | undefined }
> {
  override readonly name: string = 'AddressError';

  constructor(part: AddressPart, message: string, parameter?: string) {
    super('definition', 'invalid-address', parameter === undefined ? { part } : { part, parameter }, message);
  }
}

/**
 * Returns the address of a store without its credentials and its parameters, for messages and logs.
 *
 * @example withoutSecrets('postgres://ada:secret@db/bank?sslmode=require'); // postgres://***@db/bank
 */
export function withoutSecrets(address: string): string {
  // The credentials are removed first, because a password that is not encoded may have a question mark.
  const [place = ''] = address.replace(/:\/\/.*@/s, '://***@').split('?');
  return place;
}
