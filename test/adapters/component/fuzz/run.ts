/** One input through everything: it is decoded and validated, and where it is valid it is run. */
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import { isInvalidError, isMalformedError, isUnsupportedError } from '../../../../src/adapters/component/errors.ts';
import { validate } from '../../../../src/adapters/component/validation/validate.ts';
import { type Ending, execute } from './execute.ts';
import type { Random } from './random.ts';

/** How an input ended. */
export type Outcome = 'invalid' | 'malformed' | 'unsupported' | Ending;

/** Decodes and validates; anything but a typed error with an offset inside the input is thrown on. */
export function check(input: Uint8Array): { outcome: Outcome | 'valid'; message: string } {
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

/** The same, and what is valid is instantiated and called. */
export async function run(input: Uint8Array, pick: Random): Promise<{ outcome: Outcome; message: string }> {
  const { outcome, message } = check(input);
  if (outcome !== 'valid') return { outcome, message };
  const execution = await execute(input, pick);
  return { outcome: execution.ending, message: execution.message };
}
