/**
 * The observable behaviour of guests with a virtual WASI, as plain text. It must be the same in Node and in browsers.
 */

import { createEventSourcer } from 'decidable';
import { type BufferSource, compile, instantiate } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { LANGUAGE_RUNTIME, virtualWasi } from 'decidable/component/wasi';
import { createMemoryStore } from 'decidable/memory';
import { type Thrown, thrownBy } from './thrown.ts';

interface Guest {
  print(text: string): void;
  draw(): bigint;
}

export interface WasiStory {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** The lines of standard output before the last line, which has no end, was flushed. */
  readonly ended: number;
  readonly random: string;
  /** The errors of a call that was not granted, and of the next call. */
  readonly denied: readonly (Thrown | undefined)[];
  /** The times and random numbers that a decider read. */
  readonly told: readonly number[][];
}

/** `printing` is the guest of `wasi-guest.ts`, `asking` a command handler, and `seed` the id of a command. */
export async function wasiStoryOf(printing: BufferSource, asking: BufferSource, seed: string): Promise<WasiStory> {
  const component = await compile(printing);
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const wasi = virtualWasi({
    grant: LANGUAGE_RUNTIME,
    stdout: (line) => stdout.push(line),
    stderr: (line) => stderr.push(line),
  });
  const guest = (await instantiate(component, wasi.imports)).exports as unknown as Guest;
  guest.print('Łucja\nand 山田');
  const ended = stdout.length;
  wasi.flush();
  wasi.setDecision({ time: 0n, seed });
  const random = String(guest.draw());

  const { imports } = virtualWasi({ grant: ['wasi:cli/stdout', 'wasi:cli/stderr'] });
  const mute = (await instantiate(component, imports)).exports as unknown as Guest;
  mute.print('allowed');
  const denied = [await thrownBy(() => mute.draw()), await thrownBy(() => mute.print('too late'))];

  return { stdout, stderr, ended, random, denied, told: await toldTo(asking, seed) };
}

async function toldTo(asking: BufferSource, commandId: string): Promise<number[][]> {
  const wasi = () => virtualWasi({ grant: ['wasi:clocks/wall-clock', 'wasi:random/random'] });
  const sourcer = createEventSourcer({
    store: createMemoryStore(),
    modules: [await loadModule(asking, { wasi })],
  });
  const command = { type: 'count', schemaVersion: 1, payload: new Uint8Array(32) };
  const { events } = await sourcer.handleCommand(command, { commandId });
  await sourcer.close();
  return events.map(({ event }) => [...event.payload]);
}
