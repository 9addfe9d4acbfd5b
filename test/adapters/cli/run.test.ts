/** `decidable run`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { createSqliteStore } from 'decidable/sqlite';
import { account } from '../../core/processors/transfers.ts';
import { bank } from './bank/system.ts';
import { bankFile, decidable, ended, parkedFile, recordsOf, start } from './program.ts';

interface RunRecord {
  readonly event: string;
  readonly name?: string;
  readonly position?: string;
  readonly processors?: readonly { readonly name: string; readonly checkpoint: string; readonly head: string }[];
}

interface TimedRecord {
  readonly event: string;
  readonly processors: readonly {
    readonly name: string;
    readonly shares: readonly { readonly share: number; readonly expiresAt?: unknown }[];
  }[];
}

describe('decidable run', () => {
  test('drains on SIGINT and exits with 0', async () => {
    const file = await bankFile(1, 2, 3);
    const child = start(['run', '--store', file, '--json', '--every', '0.05']);
    const whole = ended(child);
    for await (const line of createInterface({ input: child.stdout })) {
      const { event, processors = [] } = JSON.parse(line) as RunRecord;
      if (event === 'status' && processors.every(({ checkpoint, head }) => checkpoint === head)) child.kill('SIGINT');
    }
    const { status, stderr } = await whole;
    assert.deepEqual([status, stderr], [0, '']);
    await using store = createSqliteStore({ file, readOnly: true });
    const shares = await store.processors.listShares({ name: 'balances', version: '1' });
    assert.deepEqual(
      shares.filter(({ holder }) => holder !== undefined),
      [],
    );
  });

  test('ends without a signal when nothing is left to do, with --once', async () => {
    const file = await bankFile(5);
    const { status, stdout } = await decidable(['run', '--store', file, '--once', '--json']);
    const records = recordsOf<RunRecord>(stdout);
    assert.equal(status, 0);
    assert.deepEqual(
      records.map(({ event }) => event),
      ['started', 'ended'],
    );
    for (const { checkpoint, head } of records.at(-1)?.processors ?? []) assert.equal(checkpoint, head);
  });

  test('prints each time as text, and no time for a share without a holder', async () => {
    const file = await bankFile(5);
    const { stdout } = await decidable(['run', '--store', file, '--once', '--json']);
    const times = recordsOf<TimedRecord>(stdout).map(({ event, processors }) => [
      event,
      [...new Set(processors.flatMap(({ shares }) => shares.map(({ expiresAt }) => typeof expiresAt)))],
    ]);
    assert.deepEqual(times, [
      ['started', ['string']],
      ['ended', ['undefined']],
    ]);
  });

  test('prints only the processors and shares that have changed, after the first line', async () => {
    const file = await bankFile(1);
    const child = start(['run', '--store', file, '--json', '--every', '0.05']);
    const whole = ended(child);
    const seen = new Map<string, string>();
    let unchanged = 0;
    let statuses = 0;
    await using store = createSqliteStore({ file, durability: 'normal' });
    await using tool = await bank.start({ store, process: false });
    for await (const line of createInterface({ input: child.stdout })) {
      const { event, processors } = JSON.parse(line) as TimedRecord;
      if (event !== 'started' && event !== 'status') continue;
      for (const { name, shares, ...progress } of processors) {
        let changes = 0;
        for (const [place, value] of [
          [name, progress],
          ...shares.map((one) => [`${name} ${one.share}`, one] as const),
        ]) {
          const { expiresAt: _lease, ...state } = value as { readonly expiresAt?: unknown };
          const text = JSON.stringify(state);
          if (seen.get(String(place)) !== text) changes++;
          else if (value !== progress) unchanged++;
          seen.set(String(place), text);
        }
        if (changes === 0) unchanged++;
      }
      if (event === 'status' && ++statuses === 3) child.kill('SIGINT');
      else await tool.dispatch(account.commands.Deposit({ accountId: 'a', amount: 1 }));
    }
    assert.equal((await whole).status, 0);
    assert.equal(unchanged, 0);
  });

  test('prints the events that it parks', async () => {
    const file = await bankFile(13);
    const { status, stdout } = await decidable(['run', '--store', file, '--once']);
    assert.equal(status, 7);
    assert.match(stdout, /receipts: parked Deposited at \d+, key account-a: .*no receipt for 13/);
    assert.match(stdout, /ended: .*1 parked/);
  });

  test('exits with 7 with --once as long as events are parked, and with 0 when none is', async () => {
    const file = await parkedFile();
    const once = ['run', '--once', '--store', file];
    assert.equal((await decidable(once)).status, 7);
    await decidable(['parked', 'drop', 'receipts', 'account-a', '--all', '--store', file]);
    assert.equal((await decidable(once)).status, 0);
  });

  test('exits with 130 if Ctrl-C ends --once before all work is done', async () => {
    const child = start(['run', '--once', '--store', await bankFile(98), '--json']);
    const closed = once(child, 'close');
    for await (const line of createInterface({ input: child.stdout })) {
      if ((JSON.parse(line) as RunRecord).event === 'reacting') child.kill('SIGINT');
    }
    assert.deepEqual(await closed, [130, null]);
  });

  describe('with a processor that stops', async () => {
    const file = await bankFile(13);
    const { status, stdout, stderr } = await decidable([
      ...['run', '--once', '--json', '--store', file],
      ...['--config', 'stops.config.ts'],
    ]);

    test('exits with 1 and prints the processor', () => {
      assert.equal(status, 1);
      assert.ok(recordsOf<RunRecord>(stdout).some(({ event, name }) => event === 'stopped' && name === 'receipts'));
    });

    test('calls the hook of the configuration too', () => {
      assert.match(stderr, /^observed receipts$/m);
    });

    test('prints the reason as JSON on standard error', () => {
      const last = stderr.trimEnd().split('\n').at(-1) ?? '';
      assert.equal(JSON.parse(last).error.code, 'processor-stopped');
    });
  });

  test('ends immediately on a second signal', async () => {
    const file = await bankFile(99);
    const child = start(['run', '--store', file, '--json']);
    const closed = once(child, 'close');
    for await (const line of createInterface({ input: child.stdout })) {
      const { event } = JSON.parse(line) as RunRecord;
      if (event === 'reacting') child.kill('SIGINT');
      // A second signal of another kind cannot originate from the same key press.
      if (event === 'stopping') child.kill('SIGTERM');
    }
    assert.deepEqual(await closed, [130, null]);
  });

  describe('with a definition that has changed under the same version', async () => {
    const file = await bankFile();
    const changed = ['run', '--once', '--json', '--store', file, '--config', 'changed.config.ts'];

    test('exits with 2 and names the part', async () => {
      const { status, stderr } = await decidable(changed);
      const { code, place } = JSON.parse(stderr).error;
      assert.deepEqual([status, code, place], [2, 'invalid-definition', 'balances']);
    });

    test('runs it with --accept-changes', async () => {
      const { status, stderr } = await decidable([...changed, '--accept-changes', 'balances']);
      assert.deepEqual([status, stderr], [0, '']);
    });

    test('exits with 2 if --accept-changes names another part', async () => {
      const { status } = await decidable([...changed, '--accept-changes', 'balance']);
      assert.equal(status, 2);
    });
  });
});
