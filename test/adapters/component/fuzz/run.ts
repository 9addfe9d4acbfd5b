/** Decodes and validates an input, and runs it if it is valid. */
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import { isInvalidError, isMalformedError, isUnsupportedError } from '../../../../src/adapters/component/errors.ts';
import { validate } from '../../../../src/adapters/component/validation/validate.ts';
import { type Ending, execute } from './execute.ts';
import type { Random } from './random.ts';

/** The outcome of an input. */
export type Outcome = 'invalid' | 'malformed' | 'unsupported' | Ending;

/** Decodes and validates. It throws every error that is not typed, or whose offset is outside the input. */
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

/** Checks the input, and instantiates and calls it if it is valid. */
export async function run(input: Uint8Array, pick: Random): Promise<{ outcome: Outcome; message: string }> {
  const { outcome, message } = check(input);
  if (outcome !== 'valid') return { outcome, message };
  const execution = await execute(input, pick);
  return { outcome: execution.ending, message: execution.message };
}
