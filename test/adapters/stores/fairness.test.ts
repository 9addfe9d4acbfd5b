/** A process that writes to a stream is not starved by other processes that write to it without a pause. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifyChain } from 'decidable/storage';
import { openStore } from 'decidable/stores';
import { type EngineName, Engines, skipWithout } from '../../servers/engines.ts';
import { COUNTERS } from './fairness/counter.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const RARE_COMMANDS = 20;
const WRITERS = 4;
const COMMANDS = 30;

function start(program: string, ...args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const path = fileURLToPath(new URL(`fairness/${program}.ts`, import.meta.url));
  const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

for (const name of ['SQLite', 'PostgreSQL', 'NATS'] as const satisfies readonly EngineName[]) {
  describe(`processes that write to the same streams on ${name}`, { skip: skipWithout(name) }, () => {
    test('do not make a command of a rare writer fail', async () => {
      const address = await engines.newAddress(name);
      const busy = start('busy-writer', address);
      const ended = once(busy, 'close');
      try {
        await once(busy.stdout, 'data');
        const rare = start('rare-writer', address, String(RARE_COMMANDS));
        assert.deepEqual(JSON.parse(await text(rare.stdout)), { accepted: RARE_COMMANDS });
      } finally {
        busy.stdin.end();
      }
      const sent = Number((await text(busy.stdout)).trim());
      assert.deepEqual(await ended, [0, null], 'no command of the busy writer failed either');
      assert.ok(sent > 10 * RARE_COMMANDS, `the busy writer was busy: it sent ${sent} commands`);

      await using store = await openStore(address);
      const commits = sent + RARE_COMMANDS;
      assert.deepEqual(await verifyChain(store), { intact: true, streams: COUNTERS.length, commits });
    });

    test('do not make each other fail if all of them write to one stream without a pause', async () => {
      const address = await engines.newAddress(name);
      const writers = Array.from({ length: WRITERS }, () => start('one-stream-writer', address, String(COMMANDS)));
      // They begin together, when all of them are ready.
      for (const { stdout } of writers) await once(stdout, 'data');
      for (const { stdin } of writers) stdin.end();
      for (const ends of await Promise.all(writers.map(({ stdout }) => text(stdout)))) {
        assert.deepEqual(JSON.parse(ends), { accepted: COMMANDS });
      }
      await using store = await openStore(address);
      assert.deepEqual(await verifyChain(store), { intact: true, streams: 1, commits: WRITERS * COMMANDS });
    });
  });
}
