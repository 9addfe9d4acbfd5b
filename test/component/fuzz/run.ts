import { decode } from '../../../src/adapters/component/binary/decode.ts';
import { isInvalidError, isMalformedError, isUnsupportedError } from '../../../src/adapters/component/errors.ts';
import { validate } from '../../../src/adapters/component/validation/validate.ts';

/** How decoding and validating a mutant ended. */
export type Outcome = 'valid' | 'invalid' | 'malformed' | 'unsupported';

/** Decodes and validates; anything but a typed error with an offset inside the input is thrown on. */
export function run(input: Uint8Array): { outcome: Outcome; message: string } {
  try {
    validate(decode(input));
    return { outcome: 'valid', message: '' };
  } catch (error) {
    if (isUnsupportedError(error)) return { outcome: 'unsupported', message: error.message };
    if (!isMalformedError(error) && !isInvalidError(error)) throw error;
    if (!(error.offset >= 0 && error.offset <= input.length)) {
      throw new Error(`offset ${error.offset} is outside of the input`, { cause: error });
    }
    return { outcome: isMalformedError(error) ? 'malformed' : 'invalid', message: error.message };
  }
}
