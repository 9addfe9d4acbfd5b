/**
 * The counting guest, changed to read the time and a random number from its WASI: in a decision, while it folds events,
 * while it reads a command, and at its start. Its events and states contain the answers.
 */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ModuleWorldName } from 'decidable/component/host';
import { coreText, witSource } from './counting-guest.ts';

const CLOCK = 'wasi:clocks/wall-clock@0.2.3';
const RANDOM = 'wasi:random/random@0.2.3';

function witOf(world: ModuleWorldName): string {
  return `${witSource().replace(`world ${world} {`, `$&\n  import ${CLOCK};\n  import ${RANDOM};`)}
    package wasi:clocks@0.2.3 {
      interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
    }
    package wasi:random@0.2.3 { interface random { get-random-u64: func() -> u64; } }`;
}

/** The answers of WASI: 32 bytes, in an event and in a state. */
export interface Answers {
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
  readonly random: bigint;
  /** The random number that it read when it started. */
  readonly atStart: bigint;
}

/** Reads the payload of an event, or the bytes of a state. */
export function answersOf(bytes: Uint8Array): Answers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number) => view.getBigUint64(8 * index, true);
  return { time: word(0) * SECOND + (word(1) & 0xffff_ffffn), random: word(2), atStart: word(3) };
}

/** Writes the payload of an event, or the bytes of a state. */
export function bytesOf({ time, random, atStart }: Answers): Uint8Array {
  return new Uint8Array(BigUint64Array.of(time / SECOND, time % SECOND, random, atStart).buffer);
}

const SECOND = 1_000_000_000n;

/** The bytes of the component. Its commands have 32 bytes, like its events and its states. */
export async function askingGuest(world: ModuleWorldName = 'command-handler'): Promise<Uint8Array> {
  const core = coreText(world)
    .replace(
      '(memory (export "memory") 1)',
      `(import "${CLOCK}" "now" (func $now (param i32)))
       (import "${RANDOM}" "get-random-u64" (func $random (result i64)))
       $&`,
    )
    .replace('(func (export "cabi_realloc")', '(func $realloc (export "cabi_realloc")')
    .replace(
      /\(global \$free/,
      `(func $start (i64.store (i32.const 960) (call $random)))
       (start $start)
       (func $ask (param $at i32)
         (call $now (local.get $at))
         (i64.store offset=16 (local.get $at) (call $random))
         (i64.store offset=24 (local.get $at) (i64.load (i32.const 960))))
       (func $answers (result i32) (local $at i32)
         (local.set $at (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 32)))
         (call $ask (local.get $at))
         (local.get $at))
       $&`,
    )
    // The rep of a command, an event or a state is the address of its 32 bytes.
    .replaceAll(/(\$new-(?:command|event)) \(local\.get 4\)/g, '$1 (local.get 3)')
    .replace('(call $new-state (local.get 1))', '(call $new-state (local.get 0))')
    .replace('(call $new-state (i32.const 0))', '(call $new-state (i32.const 896))')
    .replace(
      '(i32.store (i32.const 12) (i32.const 512)) (i32.store (i32.const 16) (local.get 0))',
      '(i32.store (i32.const 12) (local.get 0)) (i32.store (i32.const 16) (i32.const 32))',
    )
    .replace(
      '(i32.store (i32.const 0) (i32.const 512)) (i32.store (i32.const 4) (local.get 0))',
      '(i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (i32.const 32))',
    )
    // A decision, a fold and a process manager read from WASI. The code that reads a command does so too, which must
    // not affect them.
    .replace('(call $new-event (local.get 1))', '(call $new-event (call $answers))')
    .replace('(i32.add (call $state (local.get 0)) (i32.const 1))', '(call $answers)')
    .replace(/(#handle"\) \(param [^)]*\) \(result i32\))/, '$1 (call $ask (local.get 0))')
    .replace('(call $ok (call $new-command', '(drop (call $random)) $&');
  return componentNew(await componentEmbed({ witSource: witOf(world), world, binary: await parse(core) }));
}

const PRINT = '(call $write (call $stdout) (i32.const 256) (i32.const 5) (i32.const 900))';
const STDOUT = 'wasi:cli/stdout@0.2.3';
const STREAMS = 'wasi:io/streams@0.2.3';

/**
 * The counting guest, which prints `count` at each decision, or at its start before it traps. It never ends the line.
 */
export async function printingGuest(when: 'decision' | 'start' = 'decision'): Promise<Uint8Array> {
  const wit = `${witSource().replace('world command-handler {', `$&\n  import ${STDOUT};`)}
    package wasi:io@0.2.3 {
      interface error { resource error; }
      interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
      }
    }
    package wasi:cli@0.2.3 {
      interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
    }`;
  const world = 'command-handler';
  const core = coreText(world)
    .replace(
      '(memory (export "memory") 1)',
      `(import "${STDOUT}" "get-stdout" (func $stdout (result i32)))
       (import "${STREAMS}" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
       $&`,
    )
    .replace(
      when === 'decision' ? /#decide"\) \(param i32 i32\) \(result i32\)/ : /(?=\(global \$free)/,
      when === 'decision' ? `$& ${PRINT}` : `(func (export "_initialize") ${PRINT} unreachable)`,
    );
  return componentNew(await componentEmbed({ witSource: wit, world, binary: await parse(core) }));
}
