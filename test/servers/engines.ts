/** The engines of all stores, for tests that open them by their addresses. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedNats, skipWithoutNats, uniqueName } from './nats.ts';
import { startPostgres } from './postgres.ts';

/** The names of all engines. */
export const ENGINES = ['memory', 'SQLite', 'PostgreSQL', 'NATS'] as const;

export type EngineName = (typeof ENGINES)[number];

/** An engine whose server, if it has one, runs until it is disposed. */
export interface Engine extends AsyncDisposable {
  /** Returns the address of a store that does not exist. */
  newAddress(): string;
}

/** The reason why the tests of an engine are skipped. */
export function skipWithout(...names: readonly EngineName[]): string | false {
  return names.includes('NATS') && skipWithoutNats;
}

/** Starts what the stores of an engine need. */
export async function startEngine(name: EngineName): Promise<Engine> {
  switch (name) {
    case 'memory':
      return { newAddress: () => 'memory:', [Symbol.asyncDispose]: async () => {} };
    case 'SQLite': {
      const folder = mkdtempSync(join(tmpdir(), 'decidable-engine-'));
      let files = 0;
      return {
        newAddress: () => `sqlite:${join(folder, `${files++}.db`)}?durability=normal`,
        [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
      };
    }
    case 'PostgreSQL': {
      const server = await startPostgres();
      return {
        newAddress: () => `${server.url}?schema=${uniqueName()}`,
        [Symbol.asyncDispose]: () => server.remove(),
      };
    }
    case 'NATS': {
      const server = await sharedNats();
      return {
        newAddress: () => `${server.url}/${uniqueName()}`,
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    }
  }
}

/** Starts each engine once, when a test asks for it, and disposes of all of them together. */
export class Engines implements AsyncDisposable {
  readonly #started = new Map<EngineName, Promise<Engine>>();

  async newAddress(name: EngineName): Promise<string> {
    const engine = this.#started.get(name) ?? startEngine(name);
    this.#started.set(name, engine);
    return (await engine).newAddress();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#started.values()) await (await engine)[Symbol.asyncDispose]();
  }
}
