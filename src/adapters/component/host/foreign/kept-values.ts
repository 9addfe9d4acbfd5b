/** Numbers values of the host, so that they are handles like those of a guest. */
import type { Envelope } from '../../../../core/messages.ts';
import { type HandleKind, noLiveHandle } from '../failures.ts';
import type { Handle } from '../guest.ts';

export class KeptValues<Value> {
  readonly #kind: HandleKind;
  readonly #values = new Map<Handle, Value>();
  #last: Handle = 0;

  constructor(kind: HandleKind) {
    this.#kind = kind;
  }

  get size(): number {
    return this.#values.size;
  }

  keep(value: Value): Handle {
    this.#values.set(++this.#last, value);
    return this.#last;
  }

  /** @throws ValueError if the number is not a live handle. */
  get(handle: Handle): Value {
    const value = this.#values.get(handle);
    if (value === undefined) throw noLiveHandle(this.#kind, handle);
    return value;
  }

  /** @throws ValueError if the number is not a live handle. */
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
