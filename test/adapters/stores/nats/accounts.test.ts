/** Accounts of NATS with limits and permissions, as an administrator configures them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { connect } from '@nats-io/transport-node';
import { defineDecider, defineProjector, defineSystem, isAppendFailure, isStoreFailure } from 'decidable';
import { createNatsStore, type NatsStore, type NatsStoreOptions, natsCommands, serveCommands } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import { z } from 'zod';
import { type NatsServer, skipWithoutBinary, startNatsServer } from '../../../servers/nats.ts';
import { ANY, decision, envelope } from '../commands.ts';

const added = z.object({ id: z.string(), amount: z.int() });

const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Add: added },
  events: { Added: added },
  category: 'counter',
  streamId: ({ data }) => data.id,
  initialState: { value: 0 },
  evolve: {
    Added: (state, { amount }) => {
      state.value += amount;
    },
  },
  decide: { Add: (_state, data) => [{ type: 'Added', data }] },
});

const totals = defineProjector({
  name: 'totals',
  version: '1',
  state: z.object({ value: z.int() }),
  events: counter.events,
  key: ({ data }) => data.id,
  initialState: { value: 0 },
  project: {
    Added: (document, { amount }) => {
      document.value += amount;
    },
  },
});

const counters = defineSystem({ name: 'counters', deciders: [counter], readModels: [totals] });

const done = [envelope('Done')];

const isFailure =
  (code: string) =>
  (error: unknown): boolean =>
    (isStoreFailure(error, 'failure') || isAppendFailure(error, 'failure')) && error.payload.val.code === code;

/** Starts a server with one account, whose user is `ada`. */
function startWithLimits(limits: string): Promise<NatsServer> {
  return startNatsServer({
    lines: [`accounts { BANK { jetstream { ${limits} }, users: [{ user: ada, password: s3cret }] } }`],
  });
}

function open(server: NatsServer, options: Partial<NatsStoreOptions> = {}): Promise<NatsStore> {
  return createNatsStore({ url: server.url.replace('//', '//ada:s3cret@'), name: 'bank', ...options });
}

describe('an account with limits', { skip: skipWithoutBinary }, () => {
  test('that allows one stream has no room for a store', async () => {
    await using server = await startWithLimits('max_streams: 1');
    await assert.rejects(open(server), isFailure('full'));
  });

  test('refuses a commit that exceeds its storage, and keeps the commits before it', async () => {
    await using server = await startWithLimits('max_file: 100KB, max_mem: 0');
    await using store = await open(server);
    const append = (index: number): Promise<unknown> =>
      store.append(`s-${index}`, [envelope('Done', new Uint8Array(10_000))], ANY, decision());
    let stored = 0;
    await assert.rejects(async () => {
      for (; stored < 100; stored++) await append(stored);
    }, isFailure('full'));
    assert.ok(stored > 0);
    assert.deepEqual(await verifyChain(store), { intact: true, streams: stored, commits: stored });
  });

  test('without memory has no store in memory', async () => {
    await using server = await startWithLimits('max_file: 100KB, max_mem: 0');
    await assert.rejects(open(server, { storage: 'memory' }), isFailure('full'));
  });

  test('on one server has no store with three replicas', async () => {
    await using server = await startWithLimits('max_file: 100KB');
    await assert.rejects(open(server, { replicas: 3 }), isFailure('unsupported-engine'));
  });
});

/** The configuration in the guide. */
function documentedPermissions(): string {
  const guide = readFileSync(new URL('../../../../docs/guides/nats.md', import.meta.url), 'utf8');
  const [, lines] = /```text\n(authorization \{.*?)```/s.exec(guide) ?? [];
  assert.ok(lines !== undefined);
  return lines;
}

describe('a user with the permissions of the guide', { skip: skipWithoutBinary }, () => {
  test('runs a system, and another one can only send the commands', async () => {
    await using server = await startNatsServer({ lines: [documentedPermissions()] });
    const host = server.url.replace('nats://', '');
    const errors: unknown[] = [];
    const connection = await connect({
      servers: host,
      user: 'system',
      pass: 'change-me',
      inboxPrefix: '_INBOX_system',
    });
    void (async () => {
      for await (const status of connection.status()) if (status.type === 'error') errors.push(status.error);
    })();
    const store = await createNatsStore({ connection, name: 'bank' });
    await store.append('s-1', done, ANY, decision());
    await store.append(
      's-1',
      Array.from({ length: 300 }, () => envelope('Done', new Uint8Array(5_000))),
      ANY,
      decision(),
    );
    assert.equal((await verifyChain(store)).intact, true);
    const running = await counters.start({ store });
    const served = serveCommands(running, connection, { name: 'bank' });
    const sender = await connect({ servers: host, user: 'teller', pass: 'change-me', inboxPrefix: '_INBOX_teller' });
    const { position } = await natsCommands(sender, { name: 'bank' }).send('Add', { id: '1', amount: 5 });
    await running.caughtUp(position);
    assert.deepEqual(await running.readModel(totals).get('1'), { value: 5 });
    await assert.rejects(createNatsStore({ connection: sender, name: 'bank', timeout: 200 }), isFailure('busy'));
    await served.close();
    await sender.close();
    await running[Symbol.asyncDispose]();
    await store.close();
    assert.deepEqual(errors, []);
    await connection.close();
  });

  test('with wrong credentials is refused, and the error does not show them', async () => {
    await using server = await startNatsServer({ lines: [documentedPermissions()] });
    const url = server.url.replace('//', '//system:s3cret@');
    await assert.rejects(createNatsStore({ url, name: 'bank' }), (error: Error) => {
      assert.doesNotMatch(String(error.stack), /s3cret/);
      return isFailure('io')(error);
    });
  });
});
