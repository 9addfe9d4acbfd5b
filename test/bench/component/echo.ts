/** A guest that returns its argument, a list, and the same guest called by hand. */
import { type EngineModule, engine } from '../../../src/adapters/component/engine/web-assembly.ts';

const CORE = `
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 1024))
  (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (local.get $at))
  (func (export "echo") (param $ptr i32) (param $length i32) (result i32)
    (i32.store (i32.const 16) (local.get $ptr))
    (i32.store (i32.const 20) (local.get $length))
    (i32.const 16))
  (func (export "post") (param i32) (global.set $next (i32.const 1024)))`;

export const ECHO = `(component
  (core module $M ${CORE})
  (core instance $m (instantiate $M))
  (func (export "echo") (param "list" (list u8)) (result (list u8))
    (canon lift (core func $m "echo") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))
      (post-return (core func $m "post")))))`;

type Core = (...values: number[]) => number;

export class EchoByHand {
  private readonly core: { readonly realloc: Core; readonly echo: Core; readonly post: Core };
  private readonly memory: { readonly buffer: ArrayBuffer };
  private bytes: Uint8Array;
  private view: DataView;

  constructor(module: EngineModule) {
    const { exports } = new engine.Instance(module, {});
    this.core = exports as unknown as EchoByHand['core'];
    this.memory = exports.memory as { buffer: ArrayBuffer };
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }

  echo(list: Uint8Array): Uint8Array {
    const ptr = this.core.realloc(0, 0, 1, list.length);
    if (this.bytes.length === 0) {
      this.bytes = new Uint8Array(this.memory.buffer);
      this.view = new DataView(this.memory.buffer);
    }
    this.bytes.set(list, ptr);
    const result = this.core.echo(ptr, list.length);
    const at = this.view.getUint32(result, true);
    const copy = this.bytes.slice(at, at + this.view.getUint32(result + 4, true));
    this.core.post(result);
    return copy;
  }
}
