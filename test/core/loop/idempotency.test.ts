import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandUuid, createEventSourcer, eventId, FaultError, isUuid } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { type TillOptions, tillEnvelope, tillModule } from './till.ts';
import { unrulyStore } from './unruly-store.ts';

function bench(options: TillOptions = {}) {
  const memory = createMemoryStore();
  const store = unrulyStore(memory, () => {});
  const till = tillModule(options);
  const sourcer = createEventSourcer({ store, modules: [till] });
  return { memory, store, till, sourcer };
}

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 5 });
const payOut = tillEnvelope({ type: 'PayOut', till: 'a', amount: 7 });

describe('a command id', () => {
  test('becomes a UUID, from which the ids of the events are derived', async () => {
    const { sourcer } = bench();
    const { commandId, events } = await sourcer.handleCommand(payIn, { commandId: 'order-1' });
    assert.equal(commandId, commandUuid('order-1'));
    assert.equal(events[0]!.context.id, eventId(commandId, 0));
    assert.equal(events[0]!.context.causationId, commandId);
    assert.equal(events[0]!.context.correlationId, commandId);
  });

  test('is generated if the caller omits it, so sending the same command twice makes two decisions', async () => {
    const { sourcer } = bench();
    const first = await sourcer.handleCommand(payIn);
    const second = await sourcer.handleCommand(payIn);
    assert.ok(isUuid(first.commandId));
    assert.notEqual(second.commandId, first.commandId);
    assert.equal(second.revision, 1n);
  });

  test('returns the events of the first delivery for a duplicate, even if the stream has grown', async () => {
    const { sourcer } = bench();
    const first = await sourcer.handleCommand(payIn, { commandId: '1' });
    await sourcer.handleCommand(payIn, { commandId: '2' });
    const again = await sourcer.handleCommand(payIn, { commandId: '1' });
    assert.equal(again.duplicate, true);
    assert.equal(again.attempts, 0);
    assert.equal(again.revision, 0n);
    assert.deepEqual(
      again.events.map(({ context }) => context.id),
      first.events.map(({ context }) => context.id),
    );
    assert.deepEqual(again.events[0]!.event.payload, first.events[0]!.event.payload);
    assert.equal((await sourcer.readState('till-a')).revision, 1n);
  });

  test('returns its first rejection, even if the command would now be accepted', async () => {
    const { sourcer } = bench();
    const first = await sourcer.handleCommand(payOut, { commandId: 'out' });
    assert.deepEqual(first.outcome, {
      tag: 'rejected',
      val: { code: 'too-little', message: 'no', details: [['amount', '0']] },
    });
    assert.equal(first.revision, undefined);
    await sourcer.handleCommand(payIn);
    await sourcer.handleCommand(payIn);
    const again = await sourcer.handleCommand(payOut, { commandId: 'out' });
    assert.deepEqual(again.outcome, first.outcome);
    assert.equal(again.duplicate, true);
    assert.equal(again.revision, undefined);
  });

  test('returns its first decision if that has no events', async () => {
    const { sourcer } = bench();
    await sourcer.handleCommand(payIn);
    const setTo = tillEnvelope({ type: 'SetTo', till: 'a', amount: 5 });
    const first = await sourcer.handleCommand(setTo, { commandId: 'set' });
    assert.deepEqual([first.outcome.tag, first.events, first.revision], ['accepted', [], 0n]);
    await sourcer.handleCommand(payIn);
    const again = await sourcer.handleCommand(setTo, { commandId: 'set' });
    assert.deepEqual([again.events, again.revision, again.duplicate], [[], 0n, true]);
  });

  test('is refused for another type and for another payload', async () => {
    const { sourcer } = bench();
    await sourcer.handleCommand(payIn, { commandId: '1' });
    const otherType = await failsWith(sourcer.handleCommand(payOut, { commandId: '1' }), 'command-id-reused');
    assert.equal(otherType.payload.val.subject, commandUuid('1'));
    const other = tillEnvelope({ type: 'PayIn', till: 'a', amount: 6 });
    await failsWith(sourcer.handleCommand(other, { commandId: '1' }), 'command-id-reused');
    const elsewhere = tillEnvelope({ type: 'PayIn', till: 'b', amount: 5 });
    await failsWith(sourcer.handleCommand(elsewhere, { commandId: '1' }), 'command-id-reused');
    assert.equal((await sourcer.readState('till-b')).revision, undefined);
  });

  test('accepts another encoding of the same command', async () => {
    const { sourcer } = bench();
    await sourcer.handleCommand(payIn, { commandId: '1' });
    const spaced = { ...payIn, payload: new TextEncoder().encode('{ "till": "a", "amount": 5 }') };
    assert.equal((await sourcer.handleCommand(spaced, { commandId: '1' })).duplicate, true);
  });

  test('is looked up before any precondition, for cached states and for others', async () => {
    const { memory, till, sourcer } = bench();
    const open = tillEnvelope({ type: 'Open', till: 'a' });
    await sourcer.handleCommand(open, { commandId: 'open' });
    await sourcer.handleCommand(payIn, { commandId: 'in', precondition: { tag: 'at-revision', val: 0n } });
    for (const again of [sourcer, createEventSourcer({ store: memory, modules: [till] })]) {
      assert.equal((await again.handleCommand(open, { commandId: 'open' })).duplicate, true);
      const precondition = { tag: 'at-revision', val: 0n } as const;
      assert.equal((await again.handleCommand(payIn, { commandId: 'in', precondition })).duplicate, true);
      const contradicted = await again.handleCommand(open, {
        commandId: 'open',
        precondition: { tag: 'stream-exists' },
      });
      assert.equal(contradicted.duplicate, true);
    }
  });

  test('is looked up before a stream without a cached state is replayed', async () => {
    const { memory, sourcer } = bench();
    await sourcer.handleCommand(payIn, { commandId: 'in' });
    const till = tillModule();
    const store = unrulyStore(memory, () => {});
    const restarted = createEventSourcer({ store, modules: [till] });
    assert.equal((await restarted.handleCommand(payIn, { commandId: 'in' })).duplicate, true);
    assert.deepEqual(
      store.calls,
      ['findDecision', 'readStream'],
      'the stream is read only for the events of the result',
    );
    assert.equal(till.calls.get('evolve'), undefined);
  });

  test('returns the first outcome even if the module now fails', async () => {
    let broken = false;
    const { memory, sourcer } = bench();
    const open = tillEnvelope({ type: 'Open', till: 'a' });
    await sourcer.handleCommand(open, { commandId: 'open' });
    await sourcer.handleCommand(payIn, { commandId: 'in' });
    const today = tillModule({
      before: (point) => {
        if (broken && point === 'decide') throw new FaultError({ code: 'broken', message: 'today', details: [] });
      },
    });
    const sourcerToday = createEventSourcer({ store: memory, modules: [today] });
    await sourcerToday.readState('till-a');
    broken = true;
    assert.equal((await sourcerToday.handleCommand(payIn, { commandId: 'in' })).duplicate, true);
    assert.equal((await sourcerToday.handleCommand(open, { commandId: 'open' })).duplicate, true);
    await failsWith(sourcerToday.handleCommand(payIn, { commandId: 'new' }), 'fault');
  });

  test('needs only the append for a new command on a cached state', async () => {
    const { store, sourcer } = bench();
    await sourcer.handleCommand(payIn, { commandId: '1' });
    store.calls.length = 0;
    await sourcer.handleCommand(payIn, { commandId: '2' });
    assert.deepEqual(store.calls, ['append']);
  });

  test('prevents two event sourcers from deciding one command twice', async () => {
    const memory = createMemoryStore();
    const results = await Promise.all(
      Array.from({ length: 8 }, () =>
        createEventSourcer({ store: memory, modules: [tillModule()] }).handleCommand(payIn, { commandId: 'once' }),
      ),
    );
    assert.equal(results.filter(({ duplicate }) => !duplicate).length, 1);
    assert.equal((await memory.readCommits('till-a')).length, 1);
  });

  test('is recorded with the options of the caller', async () => {
    const { memory, sourcer } = bench();
    const options = { commandId: 'in', correlationId: 'case-7', causationId: 'mail-3', actor: 'ann' };
    await sourcer.handleCommand(payIn, options);
    const found = await memory.findDecision(commandUuid('in'));
    const { correlationId, causationId, actor, seenRevision, module, contentType, keyId } = found!.decision;
    assert.deepEqual(
      [correlationId, causationId, actor, seenRevision, keyId],
      ['case-7', 'mail-3', 'ann', undefined, undefined],
    );
    assert.deepEqual([module, contentType], [{ name: 'till', version: '1', digest: undefined }, 'application/json']);
  });
});
