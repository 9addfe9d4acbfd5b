/** The programs that scripts/compatibility.ts runs and compiles in a user's project. A program fails by throwing. */

const DOMAIN = `
  import { defineDecider, reject } from 'decidable';
  import { z } from 'zod';

  const account = defineDecider({
    name: 'account',
    version: '1',
    state: z.object({ balance: z.int() }),
    commands: { Deposit: z.object({ amount: z.int() }), Withdraw: z.object({ amount: z.int() }) },
    events: { Deposited: z.object({ amount: z.int() }), Withdrawn: z.object({ amount: z.int() }) },
    category: 'account',
    streamId: () => '1',
    initialState: { balance: 0 },
    evolve: {
      Deposited: (state, { amount }) => void (state.balance += amount),
      Withdrawn: (state, { amount }) => void (state.balance -= amount),
    },
    decide: {
      Deposit: (_state, { amount }) => [{ type: 'Deposited', data: { amount } }],
      Withdraw: (state, { amount }) =>
        amount > state.balance ? reject('too-much') : [{ type: 'Withdrawn', data: { amount } }],
    },
  });

  function same(actual, expected) {
    if (String(actual) !== String(expected)) throw new Error('expected ' + expected + ', got ' + actual);
  }
`;

const DISPATCH = `
  const sourcer = createEventSourcer({ store, modules: [account] });
  same((await sourcer.dispatch({ type: 'Deposit', data: { amount: 5 } })).revision, 0);
  same((await sourcer.dispatch({ type: 'Withdraw', data: { amount: 9 } })).outcome.tag, 'rejected');
  same((await sourcer.dispatch({ type: 'Withdraw', data: { amount: 2 } })).revision, 1);
  await sourcer.close();
  const events = await store.readStream('account-1', { direction: 'forward' });
  same(events.map(({ event }) => event.type), 'Deposited,Withdrawn');
  await store.close();
`;

/** The programs by the part of the package that they use. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  root: `
    import { createEventSourcer } from 'decidable';
    import { createMemoryStore } from 'decidable/memory';
    ${DOMAIN}
    const store = createMemoryStore();
    ${DISPATCH}`,
  sqlite: `
    import { mkdtempSync, rmSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { join } from 'node:path';
    import { createEventSourcer } from 'decidable';
    import { createSqliteStore } from 'decidable/sqlite';
    ${DOMAIN}
    const folder = mkdtempSync(join(tmpdir(), 'decidable-sqlite-'));
    const store = createSqliteStore({ file: join(folder, 'bank.db') });
    ${DISPATCH}
    rmSync(folder, { recursive: true });`,
  codecs: `
    import { createEventSourcer } from 'decidable';
    import { json } from 'decidable/codecs/json';
    import { protobufSchema } from 'decidable/codecs/protobuf';
    import { StringValueSchema } from '@bufbuild/protobuf/wkt';
    const subject = { kind: 'event', type: 'Any', schemaVersion: 1 };
    if (json.decode(json.encode({ n: 5n }, subject), subject).n !== 5) throw new Error('not the number');
    if (protobufSchema(StringValueSchema)['~standard'].validate({ value: 1 }).issues === undefined)
      throw new Error('not refused');`,
  component: `
    import { readFile } from 'node:fs/promises';
    import { createEventSourcer, msgpack } from 'decidable';
    import { loadModule } from 'decidable/component/host';
    import { createMemoryStore } from 'decidable/memory';
    const binary = new URL('examples/guests/rust/bank.wasm', import.meta.resolve('decidable/package.json'));
    const account = await loadModule(await readFile(binary));
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
    const subject = { kind: 'command', type: 'OpenAccount', schemaVersion: 1 };
    const payload = msgpack.encode({ accountId: '7', owner: 'Ada' }, subject);
    const { outcome } = await sourcer.handleCommand({ type: 'OpenAccount', schemaVersion: 1, payload });
    if (outcome.tag !== 'accepted') throw new Error('' + outcome.tag);
    await sourcer.close();`,
  testing: `
    import { testDecider, withoutAmbient } from 'decidable/testing';
    import { arbitraries } from 'decidable/testing/arbitraries';
    import fc from 'fast-check';
    ${DOMAIN}
    const { given } = testDecider(account);
    given(account.events.Deposited({ amount: 5 }))
      .when(account.commands.Withdraw({ amount: 2 }))
      .then(account.events.Withdrawn({ amount: 2 }))
      .thenState({ balance: 3 });
    given().when(account.commands.Withdraw({ amount: 2 })).thenRejected('too-much');
    fc.assert(fc.property(arbitraries(fc, account).command, (command) => void given().when(command)), { numRuns: 20 });
    const acts = {
      'Date.now()': () => Date.now(),
      'new Date()': () => new Date(),
      'Math.random()': () => Math.random(),
      'crypto.randomUUID()': () => crypto.randomUUID(),
      'process.env': () => process.env.HOME,
    };
    const unseen = Object.keys(acts).filter((name) => withoutAmbient(() => acts[name]()).calls.length === 0);
    if (unseen.length > 0) throw new Error('does not detect ' + unseen.join(', '));
    if (!(Date.now() > 0)) throw new Error('the clock is missing');`,
  'named imports guarded': `
    import { randomUUID } from 'node:crypto';
    import { existsSync } from 'node:fs';
    import { withoutAmbient } from 'decidable/testing';
    for (const act of [() => randomUUID(), () => existsSync('x')])
      if (withoutAmbient(() => act()).calls.length === 0) throw new Error('does not detect ' + act);`,
};

/** The programs that are known to fail, by runtime. docs/guides/testing.md names them. */
export const KNOWN_FAILURES: readonly string[] = ['Bun: named imports guarded', 'Deno: named imports guarded'];

/** A program that must compile. */
export const TYPES = `
  import { createEventSourcer, defineCommand, defineDecider, defineEvent, type EventOf, type StateOf } from 'decidable';
  import * as json from 'decidable/codecs/json';
  import * as protobuf from 'decidable/codecs/protobuf';
  import * as component from 'decidable/component';
  import * as host from 'decidable/component/host';
  import * as wasi from 'decidable/component/wasi';
  import { createMemoryStore } from 'decidable/memory';
  import { createSqliteStore } from 'decidable/sqlite';
  import * as stores from 'decidable/storage';
  import { testDecider } from 'decidable/testing';
  import { arbitraries } from 'decidable/testing/arbitraries';
  import fc from 'fast-check';
  import { z } from 'zod';

  export const account = defineDecider({
    name: 'account',
    version: '1',
    state: z.object({ balance: z.bigint(), seen: z.set(z.string()) }),
    commands: { Deposit: defineCommand('Deposit', z.object({ amount: z.bigint() }), { precondition: 'any' }) },
    events: { Deposited: defineEvent('Deposited', z.object({ amount: z.bigint() })), Noted: z.object({ text: z.string() }) },
    category: 'account',
    streamId: (command) => String(command.data.amount),
    initialState: { balance: 0n, seen: new Set() },
    evolve: {
      Deposited: (state, { amount }) => {
        state.balance += amount;
      },
      Noted: (state, { text }) => {
        state.seen.add(text);
      },
    },
    decide: {
      *Deposit(state, { amount }) {
        const next = yield [{ type: 'Deposited', data: { amount } }];
        const balance: bigint = next.balance - state.balance;
        return balance > 5n ? [{ type: 'Noted', data: { text: 'much' } }] : [];
      },
    },
  });
  export type Event = EventOf<typeof account>;
  export const text = (event: Event): string => (event.type === 'Noted' ? event.data.text : String(event.data.amount));
  export const state: StateOf<typeof account> = { balance: 1n, seen: new Set(['a']) };
  const { given } = testDecider(account);
  export const body: () => void | Promise<void> = () =>
    given().when(account.commands.Deposit({ amount: 1n })).then(account.events.Deposited({ amount: 1n }));
  fc.assert(fc.property(arbitraries(fc, account).command, (command) => void given().when(command)));
  export const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
  export const other = createEventSourcer({ store: createSqliteStore({ file: 'a.db' }), modules: [account] });
  export const parts = [json, protobuf, component, host, wasi, stores];
`;
