import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { CommandFailure, type CommandResult, createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { account } from '../../../../examples/bank/account.ts';
import { parseLine } from '../../../../examples/bank/cli/parse-line.ts';
import { type Bank, IN_FLIGHT, type ParsedLine, runCommands } from '../../../../examples/bank/cli/run-commands.ts';
import { newTally } from '../../../../examples/bank/cli/tally.ts';

async function* commands(...lines: readonly (readonly [id: string, type: string, data: object])[]) {
  for (const [index, [id, type, data]] of lines.entries()) {
    const parsed = parseLine(JSON.stringify({ id, type, data }));
    assert.ok('command' in parsed);
    yield { line: index + 1, command: parsed.command } satisfies ParsedLine;
  }
}

const deposits = (times: number) =>
  Array.from({ length: times }, (_, n) => [`d${n}`, 'Deposit', { accountId: `a${n}`, amount: 1 }] as const);

function bankInMemory(): Bank {
  const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
  return {
    handleCommand: (command, options) => sourcer.handleCommand(command, options),
    transferEnded: async () => {},
  };
}

test('commands of one account are decided in their order', async () => {
  const bank = bankInMemory();
  const tally = newTally();
  const lines = commands(
    ['1', 'Deposit', { accountId: 'a', amount: 1 }],
    ['2', 'OpenAccount', { accountId: 'a', owner: 'Ada' }],
    ['3', 'Withdraw', { accountId: 'a', amount: 1 }],
    ['4', 'Deposit', { accountId: 'a', amount: 1 }],
    ['5', 'Withdraw', { accountId: 'a', amount: 1 }],
    ['6', 'CloseAccount', { accountId: 'a' }],
  );
  await runCommands(lines, bank, tally, new AbortController());
  assert.equal(tally.accepted, 4);
  assert.deepEqual(Object.fromEntries(tally.rejections), { 'not-open': 1, 'insufficient-funds': 1 });
});

test('only the first of two commands with the same id is executed, even for different accounts', async () => {
  const bank = bankInMemory();
  const tally = newTally();
  const lines = commands(
    ['1', 'OpenAccount', { accountId: 'a', owner: 'Ada' }],
    ['1', 'OpenAccount', { accountId: 'b', owner: 'Ada' }],
    ['1', 'OpenAccount', { accountId: 'a', owner: 'Ada' }],
  );
  await runCommands(lines, bank, tally, new AbortController());
  assert.equal(tally.accepted, 2);
  assert.equal(tally.duplicates, 1);
  assert.equal(tally.newEvents, 1);
  assert.deepEqual(
    tally.listedBadLines.map(({ line, code }) => [line, code]),
    [[2, 'command-id-reused']],
  );
});

/** A bank that returns results on demand. */
function slowBank() {
  const waiting: PromiseWithResolvers<CommandResult>[] = [];
  const ended = Promise.withResolvers<void>();
  const bank: Bank = {
    handleCommand() {
      const answer = Promise.withResolvers<CommandResult>();
      waiting.push(answer);
      return answer.promise;
    },
    transferEnded: () => ended.promise,
  };
  return { bank, waiting, ended };
}

const ACCEPTED: CommandResult = {
  commandId: '',
  stream: '',
  module: '',
  outcome: { tag: 'accepted' },
  events: [],
  revision: undefined,
  duplicate: false,
  attempts: 1,
};

/** Lets all pending jobs run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the number of commands in flight stays within the limit', async () => {
  const { bank, waiting } = slowBank();
  const tally = newTally();
  const done = runCommands(commands(...deposits(IN_FLIGHT + 10)), bank, tally, new AbortController());
  await settled();
  assert.equal(waiting.length, IN_FLIGHT);
  waiting[3]?.resolve(ACCEPTED);
  await settled();
  assert.equal(waiting.length, IN_FLIGHT + 1);
  while (tally.accepted < IN_FLIGHT + 10) {
    for (const { resolve } of waiting) resolve(ACCEPTED);
    await settled();
  }
  await done;
});

test('after a failure of the store, no further command is sent', async () => {
  const { bank, waiting } = slowBank();
  const tally = newTally();
  const done = runCommands(commands(...deposits(IN_FLIGHT + 10)), bank, tally, new AbortController());
  await settled();
  const full = new CommandFailure({ tag: 'store', val: { code: 'full', message: 'the disk is full' } }, 'full');
  waiting[0]?.reject(full);
  await settled();
  for (const { resolve } of waiting) resolve(ACCEPTED);
  await assert.rejects(done, full);
  assert.equal(waiting.length, IN_FLIGHT);
  assert.equal(tally.accepted, IN_FLIGHT - 1);
});

test('a command waits for the previous one of its account, and is not sent if that one failed', async () => {
  const { bank, waiting } = slowBank();
  const tally = newTally();
  const lines = commands(
    ['1', 'OpenAccount', { accountId: 'a', owner: 'Ada' }],
    ['2', 'Deposit', { accountId: 'a', amount: 1 }],
    ['3', 'OpenAccount', { accountId: 'b', owner: 'Bo' }],
  );
  const done = runCommands(lines, bank, tally, new AbortController());
  await settled();
  assert.equal(waiting.length, 2, 'one of each account');
  const failure = new CommandFailure({ tag: 'store', val: { code: 'io', message: 'the disk hiccups' } }, 'io');
  waiting[0]?.reject(failure);
  waiting[1]?.resolve(ACCEPTED);
  await assert.rejects(done, failure);
  assert.equal(waiting.length, 2);
});

test('a command of either account waits until a transfer has ended', async () => {
  const { bank, waiting, ended } = slowBank();
  const tally = newTally();
  const lines = commands(
    ['1', 'RequestTransfer', { transferId: 't', from: 'a', to: 'b', amount: 1 }],
    ['2', 'Deposit', { accountId: 'b', amount: 1 }],
    ['3', 'Deposit', { accountId: 'a', amount: 1 }],
    ['4', 'Deposit', { accountId: 'c', amount: 1 }],
  );
  const done = runCommands(lines, bank, tally, new AbortController());
  await settled();
  for (const { resolve } of waiting) resolve(ACCEPTED);
  await settled();
  assert.equal(waiting.length, 2, 'the transfer, and the deposit of another account');
  ended.resolve();
  await settled();
  assert.equal(waiting.length, 4);
  for (const { resolve } of waiting) resolve(ACCEPTED);
  await done;
  assert.equal(tally.accepted, 4);
});

test('a failure of the store ends an idle input', async () => {
  const { bank, waiting } = slowBank();
  const halt = new AbortController();
  async function* idle() {
    yield* commands(...deposits(1));
    await once(halt.signal, 'abort');
  }
  const done = runCommands(idle(), bank, newTally(), halt);
  await settled();
  const failure = new CommandFailure({ tag: 'store', val: { code: 'io', message: 'the disk is gone' } }, 'io');
  waiting[0]?.reject(failure);
  await assert.rejects(done, failure);
});

test('an interruption lets the commands in flight finish', async () => {
  const { bank, waiting } = slowBank();
  const tally = newTally();
  const interrupt = new AbortController();
  const done = runCommands(commands(...deposits(IN_FLIGHT + 10)), bank, tally, interrupt);
  await settled();
  interrupt.abort();
  for (const { resolve } of waiting) resolve(ACCEPTED);
  await done;
  assert.equal(tally.accepted, IN_FLIGHT);
});
