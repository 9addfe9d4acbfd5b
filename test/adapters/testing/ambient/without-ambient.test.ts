/** `withoutAmbient` restores everything that it replaces. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { describe, test } from 'node:test';
import { withoutAmbient } from 'decidable/testing';

describe('the ambient world', () => {
  const probe = () => [
    Date,
    Date.now,
    Date.prototype.constructor,
    Math.random,
    globalThis.fetch,
    setTimeout,
    crypto.randomUUID,
    process.env,
    process.pid,
    process.hrtime,
    Error.stackTraceLimit,
    Date.prototype.getHours,
    randomUUID,
    existsSync,
    os.hostname,
  ];
  const descriptors = () =>
    [globalThis, process, Date, Date.prototype, Intl, String.prototype].flatMap((object) =>
      Object.entries(Object.getOwnPropertyDescriptors(object)).flatMap(([key, { value, get, set, ...flags }]) => [
        value,
        get,
        set,
        `${key} ${JSON.stringify(flags)}`,
      ]),
    );

  test('is restored after a function that returned', () => {
    // The first run loads every module of Node, and `node:domain` sets `process.domain` when it is loaded.
    withoutAmbient(() => 5);
    const before = probe();
    const properties = descriptors();
    assert.deepEqual(
      withoutAmbient(() => 5),
      { outcome: { value: 5 }, calls: [] },
    );
    for (const [index, now] of probe().entries()) assert.equal(now, before[index]);
    for (const [index, now] of descriptors().entries()) assert.ok(Object.is(now, properties[index]));
    assert.ok(Date.now() > 0 && Math.random() < 1 && process.env['PATH'] !== undefined);
  });

  test('is restored after a function that threw, even inside another function', () => {
    const before = probe();
    const boom = new Error('boom');
    const { outcome, calls } = withoutAmbient(() => {
      assert.equal(withoutAmbient(() => Date.now()).calls.length, 1);
      throw boom;
    });
    assert.deepEqual([outcome, calls], [{ error: boom }, []]);
    for (const [index, now] of probe().entries()) assert.equal(now, before[index]);
  });

  test('stays forbidden after a nested run', () => {
    const { calls } = withoutAmbient((inOtherProcess) => {
      inOtherProcess(() => withoutAmbient((again) => again(() => 1)));
      return Date.now();
    });
    assert.deepEqual(
      calls.map(({ call }) => call),
      ['Date.now()'],
    );
  });
});
