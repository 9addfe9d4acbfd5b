import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandUuid, createEventSourcer, RejectionError } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 5 });

function bench(conflicts: number) {
  const till = tillModule();
  const ids: string[] = [];
  const decideWithCommandId = (commandId: string, state: number, command: number): readonly number[] => {
    ids.push(commandId);
    return till.decider.decide(state, command);
  };
  const memory = createMemoryStore();
  let left = conflicts;
  const store = unrulyStore(memory, async (call) => {
    if (call !== 'append' || left-- <= 0) return;
    await createEventSourcer({ store: memory, modules: [tillModule()] }).handleCommand(payIn);
  });
  return { ids, sourcer: createEventSourcer({ store, modules: [{ ...till, decideWithCommandId }] }) };
}

test('decideWithCommandId receives the command’s id, and the same id again after a conflict', async () => {
  const { ids, sourcer } = bench(2);
  const { attempts } = await sourcer.handleCommand(payIn, { commandId: 'order-1' });
  assert.equal(attempts, 3);
  assert.deepEqual(ids, Array(3).fill(commandUuid('order-1')));
});

test('a generated id is recorded, and has the UUID version that contains the time', async () => {
  const { ids, sourcer } = bench(0);
  const { commandId } = await sourcer.handleCommand(payIn);
  assert.deepEqual(ids, [commandId]);
  assert.match(commandId, /^.{14}7/);
});

test('a rejection that decideWithCommandId throws is an outcome', async () => {
  const till = tillModule();
  const rejecting = {
    ...till,
    decideWithCommandId: () => {
      throw new RejectionError({ code: 'closed', message: 'closed', details: [] });
    },
  };
  const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [rejecting] });
  assert.equal((await sourcer.handleCommand(payIn)).outcome.tag, 'rejected');
});
