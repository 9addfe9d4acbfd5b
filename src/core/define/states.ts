/** The states of a module: folding, encoding and decoding. */
import type { Codec, Subject } from '../codec/codec.ts';
import { DefinitionError, FaultError, isFault } from '../errors.ts';
import type { StateType } from '../types.ts';
import { fold, type Recipe } from './draft.ts';
import { faultOf } from './handler-fault.ts';
import { decodePayload } from './message-table.ts';
import { type Shape, type StandardSchema, shapeOf } from './schema.ts';
import { lend } from './state-value.ts';

export class States<State> {
  readonly #shape: Shape<State>;
  readonly #subject: Subject;
  readonly #codec: Codec;
  readonly #initial: State;

  /**
   * Makes the states of a schema.
   * @throws DefinitionError if the schema is refused, or the initial state does not fit the schema.
   */
  constructor(schema: StandardSchema<unknown, State>, initial: unknown, module: string, codec: Codec) {
    this.#shape = shapeOf(schema, `${module}.state`);
    this.#subject = Object.freeze({ kind: 'state', type: module, schemaVersion: 1 });
    this.#codec = codec;
    try {
      this.#initial = this.#shape.keep(initial, this.#subject);
    } catch (cause) {
      if (!isFault(cause)) throw cause;
      const problem = `does not fit the state's schema: ${cause.message}`;
      throw new DefinitionError(`${module}.initialState`, problem, { cause });
    }
  }

  /** Returns the state before any event. */
  initial(): State {
    return lend(this.#initial) as State;
  }

  /**
   * Returns the state after a handler has folded an event into it.
   *
   * @throws FaultError `invalid-state`, `unencodable-value` or `unstable-schema` for a state that could not be stored
   * and read again. Errors of the handler are thrown unchanged, and {@link stateFault} adds the handler's name.
   */
  fold(state: State, recipe: Recipe, data: unknown): State {
    return this.keep(fold(state, recipe, data));
  }

  /** Makes a state from a value that a handler returned. @throws FaultError as {@link fold}. */
  keep(next: unknown): State {
    return this.#shape.keep(next, this.#subject);
  }

  /**
   * The module's `types.state`. Both directions are checked, so that a snapshot that cannot be read again is not
   * written.
   */
  get type(): StateType<State> {
    const [shape, subject, codec] = [this.#shape, this.#subject, this.#codec];
    return {
      fromBytes: (bytes) => shape.keep(shape.read(decodePayload(codec, bytes, subject), subject), subject),
      toBytes: (state) => shape.write(state, subject, codec),
    };
  }
}

const STATE_FAULTS: ReadonlySet<string> = new Set(['invalid-state', 'unencodable-value', 'unstable-schema']);

/** Returns the fault for an error in `fold`. The fault names the handler: `evolve.Deposited`. */
export function stateFault(cause: unknown, code: string, place: string, type: string): FaultError {
  if (!isFault(cause) || !STATE_FAULTS.has(cause.code)) return faultOf(cause, code, place, type);
  const { payload } = cause;
  const message = `${place} returned an invalid state: ${payload.message}`;
  return new FaultError({ code: payload.code, message, details: payload.details }, { cause });
}
