/** Numbers values of the host, so that they are handles like those of a guest. */
import type { Envelope } from '../../../../core/messages.ts';
import { Trap } from '../../index.ts';
import { type HandleKind, noLiveHandle } from '../failures.ts';
import type { Handle } from '../guest.ts';

export class KeptValues<Value> {
  readonly #kind: HandleKind;
  readonly #values = new Map<Handle, Value>();
  readonly #most: number;
  #last: Handle = 0;

  /** Makes an empty table. @param most the maximum number of values at a time. */
  constructor(kind: HandleKind, most: number) {
    this.#kind = kind;
    this.#most = most;
  }

  get size(): number {
    return this.#values.size;
  }

  /** Adds a value, and returns its handle. @throws Trap if there are too many values. */
  keep(value: Value): Handle {
    if (this.#values.size >= this.#most) {
      const message = `more than ${this.#most} handles of ${this.#kind} at a time; drop unused handles, or raise maxHandles`;
      throw new Trap(message, { code: 'handles-exhausted' });
    }
    this.#values.set(++this.#last, value);
    return this.#last;
  }

  /** Returns the value of a handle. @throws ValueError if the number is not a live handle. */
  get(handle: Handle): Value {
    const value = this.#values.get(handle);
    if (value === undefined) throw noLiveHandle(this.#kind, handle);
    return value;
  }

  /** Removes a handle. @throws ValueError if the number is not a live handle. */
  drop(handle: Handle): void {
    if (!this.#values.delete(handle)) throw noLiveHandle(this.#kind, handle);
  }
}

/** A message of a contract that has no schema versions. */
export interface KeptMessage {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** The version of each message. The contracts that this folder adapts have no versions. */
export const SCHEMA_VERSION = 1;

export function envelopeOf({ type, payload }: KeptMessage): Envelope {
  return { type, schemaVersion: SCHEMA_VERSION, payload };
}
