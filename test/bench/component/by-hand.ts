/**
 * The bank's C guest, called by hand. The exports of its core module are called directly, and its handle table is a
 * plain array. Nothing is checked. The loader is compared with this.
 */
import { type EngineModule, engine } from '../../../src/adapters/component/engine/web-assembly.ts';
import type { Component } from '../../../src/adapters/component/index.ts';

export interface Envelope {
  readonly type: string;
  readonly schemaVersion: number;
  readonly payload: Uint8Array;
}

const TYPES = 'decidable:eventsourcing/types@0.1.0';
const DECIDER = 'decidable:eventsourcing/decider@0.1.0';

type Core = (...values: number[]) => number;

const encoder = new TextEncoder();

/** The bytes of the core modules of a component, the largest first. */
export function coreModules(component: Component): Uint8Array<ArrayBuffer>[] {
  return [...component.plan.modules.keys()].map((each) => each.bytes).sort((a, b) => b.length - a.length);
}

export class BankByHand {
  private readonly reps: number[] = [0];
  private readonly free: number[] = [];
  private readonly exports: Record<string, Core>;
  private readonly memory: { readonly buffer: ArrayBuffer };
  private readonly dropState: Core;
  private readonly dropEvent: Core;
  private readonly dropCommand: Core;
  private readonly evolveCore: Core;
  private readonly postEvolve: Core;
  private readonly decideCore: Core;
  private readonly postDecide: Core;
  private readonly fromEnvelopeCore: Core;
  private readonly postFromEnvelope: Core;
  private readonly toEnvelopeCore: Core;
  private readonly postToEnvelope: Core;
  private readonly realloc: Core;
  private bytes: Uint8Array;
  private view: DataView;

  /** The first of the guest's modules has its code. The others pass its imports through a table of functions. */
  constructor(modules: readonly EngineModule[]) {
    const [module, ...tables] = modules;
    if (module === undefined) throw new Error('the guest has a module');
    const add = (rep: number): number => {
      const index = this.free.pop() ?? this.reps.length;
      this.reps[index] = rep;
      return index;
    };
    const intrinsics = {
      '[resource-new]command': add,
      '[resource-new]event': add,
      '[resource-new]state': add,
      '[resource-rep]state': (index: number) => this.reps[index],
      '[resource-drop]state': (index: number) => this.dropState(this.take(index)),
    };
    const instance = new engine.Instance(module, { [`[export]${TYPES}`]: intrinsics });
    const exports = instance.exports as unknown as Record<string, Core>;
    const shim = tables.find((each) => engine.Module.imports(each).length === 0);
    const patch = tables.find((each) => each !== shim);
    if (shim !== undefined && patch !== undefined) {
      const table = new engine.Instance(shim, {}).exports.$imports;
      const [zero, one, two] = Object.values(intrinsics);
      new engine.Instance(patch, { shim: { $imports: table }, actual: { '0': zero, '1': one, '2': two } });
    }
    this.exports = exports;
    this.memory = instance.exports.memory as unknown as { buffer: ArrayBuffer };
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.dropState = this.core(`${TYPES}#[dtor]state`);
    this.dropEvent = this.core(`${TYPES}#[dtor]event`);
    this.dropCommand = this.core(`${TYPES}#[dtor]command`);
    this.evolveCore = this.core(`${DECIDER}#evolve`);
    this.postEvolve = this.core(`cabi_post_${DECIDER}#evolve`);
    this.decideCore = this.core(`${DECIDER}#decide`);
    this.postDecide = this.core(`cabi_post_${DECIDER}#decide`);
    this.fromEnvelopeCore = this.core(`${TYPES}#[static]event.from-envelope`);
    this.postFromEnvelope = this.core(`cabi_post_${TYPES}#[static]event.from-envelope`);
    this.toEnvelopeCore = this.core(`${TYPES}#[method]event.to-envelope`);
    this.postToEnvelope = this.core(`cabi_post_${TYPES}#[method]event.to-envelope`);
    this.realloc = this.core('cabi_realloc');
  }

  private core(name: string): Core {
    const found = this.exports[name];
    if (found === undefined) throw new Error(`the guest has no ${name}`);
    return found;
  }

  private take(index: number): number {
    const rep = this.reps[index]!;
    this.free.push(index);
    return rep;
  }

  private refresh(): void {
    if (this.bytes.length !== 0) return;
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }

  initialState(): number {
    return this.core(`${DECIDER}#initial-state`)();
  }

  evolve(state: number, event: number): number {
    const result = this.evolveCore(state, this.reps[event]!);
    this.refresh();
    if (this.view.getUint8(result) !== 0) throw new Error('fault');
    const evolved = this.view.getInt32(result + 4, true);
    this.postEvolve(result);
    return evolved;
  }

  decide(state: number, command: number): number[] {
    const result = this.decideCore(this.reps[state]!, this.reps[command]!);
    this.refresh();
    if (this.view.getUint8(result) !== 0) throw new Error('rejection');
    const ptr = this.view.getUint32(result + 4, true);
    const length = this.view.getUint32(result + 8, true);
    const events: number[] = [];
    for (let i = 0; i < length; i++) events.push(this.view.getInt32(ptr + 4 * i, true));
    this.postDecide(result);
    return events;
  }

  private copyIn(bytes: Uint8Array): number {
    const ptr = this.realloc(0, 0, 1, bytes.length);
    this.refresh();
    this.bytes.set(bytes, ptr);
    return ptr;
  }

  private textIn(text: string): number {
    const ptr = this.realloc(0, 0, 1, text.length);
    this.refresh();
    const { bytes } = this;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) throw new Error('only ASCII by hand');
      bytes[ptr + i] = code;
    }
    return ptr;
  }

  private textOut(ptr: number, length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.bytes[ptr + i]!);
    return text;
  }

  eventFromEnvelope({ type, schemaVersion, payload }: Envelope): number {
    const typePtr = this.textIn(type);
    const payloadPtr = this.copyIn(payload);
    const result = this.fromEnvelopeCore(typePtr, type.length, schemaVersion, payloadPtr, payload.length);
    this.refresh();
    if (this.view.getUint8(result) !== 0) throw new Error('fault');
    const event = this.view.getInt32(result + 4, true);
    this.postFromEnvelope(result);
    return event;
  }

  commandFromEnvelope({ type, schemaVersion, payload }: Envelope): number {
    const fromEnvelope = this.core(`${TYPES}#[static]command.from-envelope`);
    const encoded = encoder.encode(type);
    const args = [this.copyIn(encoded), encoded.length, schemaVersion, this.copyIn(payload), payload.length];
    return this.view.getInt32(fromEnvelope(...args) + 4, true);
  }

  eventToEnvelope(event: number): Envelope {
    const result = this.toEnvelopeCore(this.reps[event]!);
    this.refresh();
    const { view } = this;
    const type = this.textOut(view.getUint32(result, true), view.getUint32(result + 4, true));
    const schemaVersion = view.getUint32(result + 8, true);
    const ptr = view.getUint32(result + 12, true);
    const payload = this.bytes.slice(ptr, ptr + view.getUint32(result + 16, true));
    this.postToEnvelope(result);
    return { type, schemaVersion, payload };
  }

  releaseEvent(event: number): void {
    this.dropEvent(this.take(event));
  }

  releaseCommand(command: number): void {
    this.dropCommand(this.take(command));
  }
}
