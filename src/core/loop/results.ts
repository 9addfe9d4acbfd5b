/**
 * The results that the event sourcer returns. They are instances of classes, so that `JSON.stringify` finds a `toJSON`.
 * All data is in own properties, so that a spread and `structuredClone` keep it.
 */
import type { Immutable } from 'immer';
import type { CommandResult, FoldedState } from '../event-sourcer.ts';
import { type JsonConvertible, type JsonValue, toJson } from '../json.ts';
import type { Outcome, RecordedEvent } from '../messages.ts';
import type { BoundModule } from './bound-module.ts';
import { moduleFailure } from './failures.ts';

/** The result of a command that was sent as a message. */
export interface DispatchResult<Event> extends CommandResult, JsonConvertible {
  /**
   * The events of the decision as the module's own values, `{ type, data }`. They are copies.
   *
   * @throws CommandFailure `fault` if the command is a duplicate and its module can no longer read the events.
   */
  readonly decided: readonly Event[];
}

/** The state of a stream, as the value of its module. */
export interface StreamState<State> extends JsonConvertible {
  readonly stream: string;
  /** The name of the module that folded the stream. */
  readonly module: string;
  /** The state as the module's own value. */
  readonly state: Immutable<State>;
  /**
   * The last revision that is folded, or `undefined` if the stream has no events. `state` is then the initial state.
   */
  readonly revision: bigint | undefined;
}

export class HandledCommand implements CommandResult, JsonConvertible {
  readonly commandId: string;
  readonly stream: string;
  readonly module: string;
  readonly outcome: Outcome;
  readonly events: readonly RecordedEvent[];
  readonly revision: bigint | undefined;
  readonly position: bigint | undefined;
  readonly duplicate: boolean;
  readonly attempts: number;

  constructor(fields: CommandResult) {
    this.commandId = fields.commandId;
    this.stream = fields.stream;
    this.module = fields.module;
    this.outcome = fields.outcome;
    this.events = fields.events;
    this.revision = fields.revision;
    this.position = fields.events.at(-1)?.context.position;
    this.duplicate = fields.duplicate;
    this.attempts = fields.attempts;
  }

  toJSON(): JsonValue {
    return toJson({ ...this });
  }
}

/** The result of a command whose events are available as values. */
export class DispatchedCommand extends HandledCommand implements DispatchResult<unknown> {
  readonly decided: readonly unknown[];

  constructor(fields: CommandResult, decided: readonly unknown[]) {
    super(fields);
    this.decided = decided;
  }
}

/**
 * The events are decoded on demand, because most callers do not read them. They are an own property, so that a spread
 * copies it. One descriptor serves all results, because a closure for each result would cost as much as the rest of the
 * result.
 */
const DECIDED: PropertyDescriptor & ThisType<EncodedResult> = {
  enumerable: true,
  configurable: true,
  get() {
    return this.decodedEvents();
  },
};

/** The result of a command whose events are available only as recorded events, such as a duplicate. */
export class EncodedResult extends HandledCommand implements DispatchResult<unknown> {
  declare readonly decided: readonly unknown[];
  readonly #by: BoundModule;
  #decoded: readonly unknown[] | undefined;

  /** Makes a result. @param by the module that decodes the events. */
  constructor(fields: CommandResult, by: BoundModule) {
    super(fields);
    this.#by = by;
    // This takes 0.2 µs.
    Object.defineProperty(this, 'decided', DECIDED);
  }

  decodedEvents(): readonly unknown[] {
    this.#decoded ??= this.events.map(({ event, context }) => {
      const { name, types } = this.#by;
      try {
        return types.event.fromEnvelope(event);
      } catch (error) {
        throw moduleFailure(error, `module ${name} reading ${event.type}, revision ${context.revision} of its stream`, [
          ['module', name],
          ['stream', context.stream],
          ['eventType', event.type],
        ]);
      }
    });
    return this.#decoded;
  }
}

export class ReadStateResult implements FoldedState, JsonConvertible {
  readonly module: string;
  readonly moduleVersion: string;
  readonly contentType: string;
  readonly state: Uint8Array;
  readonly revision: bigint | undefined;

  constructor({ module, moduleVersion, contentType, state, revision }: FoldedState) {
    this.module = module;
    this.moduleVersion = moduleVersion;
    this.contentType = contentType;
    this.state = state;
    this.revision = revision;
  }

  toJSON(): JsonValue {
    return toJson({ ...this });
  }
}

export class FoldedStreamState<State> implements StreamState<State> {
  readonly stream: string;
  readonly module: string;
  readonly state: Immutable<State>;
  readonly revision: bigint | undefined;

  constructor(stream: string, module: string, state: Immutable<State>, revision: bigint | undefined) {
    this.stream = stream;
    this.module = module;
    this.state = state;
    this.revision = revision;
  }

  toJSON(): JsonValue {
    return toJson({ ...this });
  }
}
