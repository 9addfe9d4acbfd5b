/** Tests that names, strings and bytes of every kind are returned unchanged. */
import assert from 'node:assert/strict';
import type { Precondition } from '../../../core/messages.ts';
import { readEvents } from '../../../core/storage/read-events.ts';
import { ANY, all, type Check, collected, decision, envelope, NO_STREAM, readWhole, some } from './fixtures.ts';

/** Valid names. A store must keep them exactly, even if they have a meaning in its query language. */
const NAMES: readonly string[] = [
  'a',
  '-',
  '--a',
  'account-1-2',
  'Account-1',
  'account-1 ',
  ' ',
  '\n\t\r',
  '%_*?\\\'"`;--',
  "'); drop table streams; --",
  'null',
  '__proto__',
  'constructor',
  '1',
  '01',
  '1.0',
  '\u00e9-nfc',
  'e\u0301-nfc',
  '\ufeffbom',
  '\uffff\ufffd',
  '口座-東京',
  'حساب-١',
  '🏦-👩‍👩‍👧',
  'İstanbul',
  'istanbul',
  'straße',
  'strasse',
  'x'.repeat(255),
  'ü'.repeat(127) + 'x',
  '𝔘'.repeat(63) + 'abc',
];

export function contents(check: Check): void {
  check('stream names are kept exactly, and similar ones are distinguished', async (store) => {
    for (const [index, name] of NAMES.entries()) {
      const type = `T${index}`;
      await store.append(name, [envelope(type)], NO_STREAM, decision());
    }
    for (const [index, name] of NAMES.entries()) {
      const [only, ...more] = await readWhole(store, name);
      assert.deepEqual([only?.context.stream, only?.event.type, more.length], [name, `T${index}`, 0]);
      const [first] = await store.readAll(all({ eventTypes: [`T${index}`], categories: [name.split('-')[0]!] }));
      assert.equal(first?.context.stream, name);
    }
    assert.deepEqual(
      (await store.readAll(all())).map(({ context }) => context.stream),
      NAMES,
    );
  });

  check('strings of any kind are returned unchanged', async (store) => {
    for (const text of ['nul\0nul', '\u2028\u2029', '𝔘', '\ud7ff\ue000', ' trailing ', '"{}\\u0000']) {
      const detail: readonly [string, string] = [text, text];
      const given = decision({
        command: envelope(text),
        contentType: text,
        module: { name: text, version: text, digest: undefined },
        outcome: { tag: 'rejected', val: { code: text, message: text, details: [detail, detail] } },
        causationId: text,
        correlationId: text,
        actor: text,
        keyId: text,
      });
      await store.append('s-1', [], ANY, given);
      assert.deepEqual((await store.findDecision(given.commandId))?.decision, given);
      await store.append('s-2', [envelope(text)], ANY, decision());
      assert.equal((await store.readAll(all({ eventTypes: [text] })))[0]?.event.type, text);
    }
  });

  check('empty strings are distinguished from absent ones', async (store) => {
    const given = decision({ contentType: '', causationId: '', correlationId: '', actor: '', keyId: '' });
    await store.append('s-1', [], ANY, given);
    assert.deepEqual((await store.findDecision(given.commandId))?.decision, given);
  });

  check('empty payloads and payloads of megabytes are returned unchanged', async (store) => {
    const large = new Uint8Array(5_000_000).map((_, index) => index * 31);
    const given = decision({ command: envelope('Do', large) });
    await store.append('s-1', [envelope('None', Uint8Array.of()), envelope('Large', large)], ANY, given);
    const read = await readWhole(store, 's-1');
    assert.deepEqual(read[0]?.event.payload, Uint8Array.of());
    assert.ok(Buffer.from(large).equals(read[1]!.event.payload));
    assert.ok(Buffer.from(large).equals((await store.findDecision(given.commandId))!.decision.command.payload));
  });

  check('the caller may change its arguments as soon as an append has returned its promise', async (store) => {
    const pool = new Uint8Array(64).fill(1);
    const [event, command] = [pool.subarray(3, 9), Buffer.from(pool.buffer, 20, 4)];
    const detail: [string, string] = ['name', 'value'];
    const rejection = { code: 'no', message: 'not so', details: [detail] };
    const [accepted, refusal] = [
      decision({ command: envelope('Do', command), module: { name: 'm', version: '1', digest: pool.subarray(0, 8) } }),
      decision({ outcome: { tag: 'rejected', val: rejection } }),
    ];
    const expected = [accepted, refusal].map(copyOf);
    const events = [envelope('Done', event)];
    const precondition = { tag: 'no-stream' };
    const appending = [
      store.append('s-1', events, precondition as Precondition, accepted),
      store.append('s-2', [], ANY, refusal),
    ];
    pool.fill(9);
    events.pop();
    precondition.tag = 'stream-exists';
    detail[1] = 'other';
    Object.assign(accepted, { actor: 'someone', outcome: { tag: 'rejected', val: rejection } });
    await Promise.all(appending);
    assert.deepEqual((await readWhole(store, 's-1'))[0]?.event.payload, new Uint8Array(6).fill(1));
    for (const { commandId, ...rest } of expected) {
      const found = (await store.findDecision(commandId))!.decision;
      assert.deepEqual(
        { ...found, command: { ...found.command, payload: [...found.command.payload] } },
        {
          commandId,
          ...rest,
          command: { ...rest.command, payload: [...rest.command.payload] },
        },
      );
    }
  });

  check('one type may have events of several schema versions', async (store) => {
    await store.append(
      's-1',
      [1, 2, 4294967295, 1].map((v) => envelope('Done', undefined, v)),
      ANY,
      decision(),
    );
    const read = await store.readAll(all({ eventTypes: ['Done'] }));
    assert.deepEqual(
      read.map(({ event }) => event.schemaVersion),
      [1, 2, 4294967295, 1],
    );
  });

  check('many streams do not affect one another', async (store) => {
    await Promise.all(
      Array.from({ length: 2_000 }, (_, index) => store.append(`s-${index % 700}`, some(1), ANY, decision())),
    );
    for (const index of [0, 1, 350, 699]) {
      const expected = index < 600 ? 3 : 2;
      assert.equal((await readWhole(store, `s-${index}`)).length, expected);
    }
    assert.equal((await collected(readEvents(store))).length, 2_000);
  });
}

/**
 * Copies a value without `structuredClone`, because a test runner with a separate realm (Jest) would get objects of
 * another realm.
 */
function copyOf<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value) as Value & Uint8Array;
  if (Array.isArray(value)) return value.map(copyOf) as Value & unknown[];
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyOf(field)])) as Value;
}
