import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomInt, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import os from 'node:os';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runInNewContext } from 'node:vm';
import {
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineProjector,
  type StandardSchema,
  withCategory,
} from 'decidable';
import { NondeterminismError, testDecider, testEventHandler, testProjector } from 'decidable/testing';
import * as v from 'valibot';
import { z } from 'zod';

/** A decider whose decision runs any code, and whose event and state contain any text. */
function lottery(act: () => unknown, evolve: () => void = () => {}) {
  return defineDecider({
    name: 'lottery',
    version: '1',
    state: z.object({ drawn: z.array(z.string()) }),
    commands: { Draw: z.object({}) },
    events: { Drawn: z.object({ number: z.string() }) },
    category: 'lottery',
    streamId: () => '',
    initialState: { drawn: [] },
    evolve: {
      Drawn: (draft, { number }) => {
        evolve();
        draft.drawn.push(number);
      },
    },
    decide: { Draw: () => [{ type: 'Drawn', data: { number: String(act()) } }] },
  });
}

const Draw = { type: 'Draw', data: {} } as const;

function breachOf(act: () => unknown): NondeterminismError {
  try {
    testDecider(lottery(act)).given().when(Draw);
  } catch (error) {
    if (error instanceof NondeterminismError) return error;
    throw error;
  }
  return assert.fail('the rule was not broken');
}

/** The line that called this function, which an error has to name. */
function here(): string {
  return new Error('here').stack?.split('\n')[2]?.match(/:(\d+):\d+\)?$/)?.[1] ?? '';
}

/** These objects were stored when this file was loaded, as a module may do. */
const environment = process.env;
const { argv, execArgv } = process;
const LoadedDate = Date;

describe('a decision that is not pure', () => {
  const date = new Date(0);
  const context = new AsyncLocalStorage<string>();
  const utc = { timeZone: 'UTC' };
  const inUtc = new Intl.DateTimeFormat('en', { timeZone: 'UTC' });
  const cases: [call: string, kind: string, act: () => unknown][] = [
    ['Date.now()', 'clock', () => Date.now()],
    ['new Date()', 'clock', () => new Date()],
    ['Date()', 'clock', () => Date()],
    ['new Date(year, month, …)', 'time zone', () => new Date(2026, 0, 1)],
    ['new Date(text without a zone)', 'time zone', () => new Date('2026-01-01T00:00')],
    ['Date.parse(text without a zone)', 'time zone', () => Date.parse('1 January 2026')],
    ['Date.prototype.getHours()', 'time zone', () => date.getHours()],
    ['Date.prototype.toString()', 'time zone', () => `${date}`],
    ['Date.prototype.getYear()', 'time zone', () => Reflect.apply(Reflect.get(date, 'getYear'), date, [])],
    ['Date.prototype.setMilliseconds()', 'time zone', () => new Date(0).setMilliseconds(1)],
    ['Date.prototype.toLocaleDateString()', 'locale', () => date.toLocaleDateString()],
    ['Date.prototype.toLocaleDateString()', 'locale', () => date.toLocaleDateString([], utc)],
    ['Date.prototype.toLocaleTimeString()', 'time zone', () => date.toLocaleTimeString('de-DE')],
    ['Date.prototype.toLocaleString()', 'time zone', () => date.toLocaleString('de-DE', { timeStyle: 'short' })],
    ['Date.now()', 'clock', () => LoadedDate.now()],
    ['new Date()', 'clock', () => Reflect.construct(date.constructor, [])],
    ['performance.now()', 'clock', () => performance.now()],
    ['performance.timeOrigin', 'clock', () => performance.timeOrigin],
    ['Event.prototype.timeStamp', 'clock', () => new Event('drawn').timeStamp],
    ['process.hrtime()', 'clock', () => process.hrtime()],
    ['process.hrtime.bigint()', 'clock', () => process.hrtime.bigint()],
    ['Math.random()', 'randomness', () => Math.random()],
    ['crypto.randomUUID()', 'randomness', () => crypto.randomUUID()],
    ['crypto.getRandomValues()', 'randomness', () => crypto.getRandomValues(new Uint8Array(1))],
    ['crypto.subtle', 'randomness', () => crypto.subtle.digest('SHA-256', new Uint8Array(1))],
    ['URL.createObjectURL()', 'randomness', () => URL.createObjectURL(new Blob([]))],
    ['crypto.randomUUID()', 'randomness', () => randomUUID()],
    ['crypto.randomInt()', 'randomness', () => randomInt(5)],
    ['fs.existsSync()', 'environment', () => existsSync('x')],
    ['os.hostname()', 'environment', () => os.hostname()],
    ['setTimeout()', 'timers', () => setTimeout(() => {}, 1)],
    ['setImmediate()', 'timers', () => setImmediate(() => {})],
    ['queueMicrotask()', 'timers', () => queueMicrotask(() => {})],
    ['process.nextTick()', 'timers', () => process.nextTick(() => {})],
    ['timers.setTimeout()', 'timers', () => pause(1)],
    ['AbortSignal.timeout()', 'timers', () => AbortSignal.timeout(1)],
    ['fetch()', 'network', () => fetch('http://localhost')],
    ['WebSocket()', 'network', () => new WebSocket('ws://localhost:1')],
    ['http.get()', 'network', () => http.get('http://localhost:1').on('error', () => {})],
    ['net.connect()', 'network', () => connect(1).on('error', () => {})],
    ['dns.lookup()', 'network', () => lookup('localhost', () => {})],
    ['fs.readFile()', 'environment', () => readFile('package.json')],
    ['process.env.HOME', 'environment', () => process.env['HOME']],
    ['Object.keys(process.env)', 'environment', () => ({ ...process.env })],
    ['process.env.HOME', 'environment', () => Object.hasOwn(process.env, 'HOME')],
    ['process.cwd()', 'environment', () => process.cwd()],
    ['process.cwd()', 'environment', () => resolve('here')],
    ['process.pid', 'environment', () => process.pid],
    ['process.argv', 'environment', () => process.argv[0]],
    ['process.platform', 'environment', () => process.platform],
    ['process.version', 'environment', () => process.version],
    ['process.versions', 'environment', () => process.versions.node],
    ['process.memoryUsage.rss()', 'environment', () => process.memoryUsage.rss()],
    ['util.parseArgs()', 'environment', () => parseArgs()],
    ['navigator.language', 'environment', () => navigator.language],
    ['vm.runInNewContext()', 'environment', () => runInNewContext('Date.now()')],
    ['MessageChannel()', 'network', () => new MessageChannel()],
    ['Promise', 'timers', () => Promise.resolve().then(() => Date.now())],
    ['Promise', 'timers', () => (async () => void (await undefined))()],
    ['AsyncLocalStorage.prototype.getStore()', 'environment', () => context.getStore()],
    ['String.prototype.localeCompare()', 'locale', () => 'a'.localeCompare('b')],
    ['Number.prototype.toLocaleString()', 'locale', () => (1).toLocaleString()],
    ['String.prototype.localeCompare()', 'locale', () => 'a'.localeCompare('b', [])],
    ['String.prototype.localeCompare()', 'locale', () => 'a'.localeCompare('b', 'xx')],
    ['String.prototype.toLocaleUpperCase()', 'locale', () => 'i'.toLocaleUpperCase()],
    ['String.prototype.toLocaleLowerCase()', 'locale', () => 'I'.toLocaleLowerCase()],
    ['Number.prototype.toLocaleString()', 'locale', () => [1.5].toLocaleString()],
    ['Number.prototype.toLocaleString()', 'locale', () => new Float64Array([1.5]).toLocaleString()],
    ['BigInt.prototype.toLocaleString()', 'locale', () => 1000n.toLocaleString()],
    ['Intl.NumberFormat()', 'locale', () => new Intl.NumberFormat().format(1)],
    ['Intl.NumberFormat()', 'locale', () => new Intl.NumberFormat('xx').format(1)],
    ['Intl.Collator()', 'locale', () => new Intl.Collator([]).compare('a', 'b')],
    ['Intl.Collator()', 'locale', () => Reflect.construct(new Intl.Collator('en').constructor, [])],
    ['Intl.Segmenter()', 'locale', () => new Intl.Segmenter().segment('a')],
    ['Intl.DisplayNames()', 'locale', () => new Intl.DisplayNames(undefined, { type: 'region' }).of('DE')],
    ['Intl.ListFormat()', 'locale', () => new Intl.ListFormat().format(['a'])],
    ['Intl.PluralRules()', 'locale', () => new Intl.PluralRules().select(1)],
    ['Intl.RelativeTimeFormat()', 'locale', () => new Intl.RelativeTimeFormat().format(1, 'day')],
    ['Intl.DurationFormat()', 'locale', () => Reflect.construct(Reflect.get(Intl, 'DurationFormat'), [])],
    ['Intl.DateTimeFormat()', 'time zone', () => new Intl.DateTimeFormat('en').format(0)],
    ['Intl.DateTimeFormat.prototype.format()', 'clock', () => inUtc.format()],
    ['Intl.DateTimeFormat.prototype.formatToParts()', 'clock', () => inUtc.formatToParts()],
  ];
  for (const [call, kind, act] of cases) {
    test(`is refused ${call} in ${String(act).replace('() => ', '')}`, () => {
      const breach = breachOf(act);
      assert.deepEqual({ call: breach.call?.call, kind: breach.call?.kind }, { call, kind });
      assert.match(breach.call?.where ?? '', /test\/adapters\/testing\/determinism\.test\.ts:\d+:\d+$/);
    });
  }

  test('is refused at the line of the call', () => {
    let line = '';
    const breach = breachOf(() => [(line = here()), Math.random()]);
    assert.equal(breach.call?.where.match(/:(\d+):\d+$/)?.[1], line);
  });

  test('is refused at its line if the program formats stacks in its own way', () => {
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = () => 'a stack';
    try {
      assert.match(breachOf(() => Math.random()).call?.where ?? '', /determinism\.test\.ts:\d+:\d+$/);
    } finally {
      Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
    }
  });

  test('is noticed if it catches the error', () => {
    const breach = breachOf(() => {
      try {
        return Date.now();
      } catch {
        return 0;
      }
    });
    assert.equal(breach.call?.call, 'Date.now()');
  });

  test('is refused in evolve too', () => {
    const module = lottery(
      () => 1,
      () => void Math.random(),
    );
    assert.throws(() => testDecider(module).given().when(Draw), { code: 'nondeterministic' });
  });

  const kept: [name: string, act: () => unknown][] = [
    ['process.env', () => environment['PATH']],
    ['process.argv', () => argv.join()],
    ['process.execArgv', () => execArgv.length],
  ];
  for (const [name, act] of kept) {
    test(`is noticed if it reads ${name} through a reference from when the module was loaded`, () => {
      const before = JSON.stringify([process.env, process.argv, process.execArgv]);
      assert.equal(breachOf(act).call, undefined);
      assert.equal(JSON.stringify([process.env, process.argv, process.execArgv]), before);
    });
  }

  test('is noticed if it counts in a variable of its module', () => {
    let count = 0;
    assert.equal(breachOf(() => count++).call, undefined);
  });

  test('finds the fields of a state in one order, whether the state was folded or read from a snapshot', () => {
    const race = defineDecider({
      name: 'race',
      version: '1',
      state: z.record(z.string(), z.int()),
      commands: { Finish: z.object({}) },
      events: { Passed: z.object({ runner: z.string() }), Won: z.object({ runner: z.string() }) },
      category: 'race',
      streamId: () => '',
      initialState: {},
      evolve: {
        Passed: (draft, { runner }) => {
          draft[runner] = 1;
        },
        Won: (_draft, _data) => {},
      },
      decide: { Finish: (state) => [{ type: 'Won', data: { runner: Object.keys(state)[0] ?? '' } }] },
    });
    const { given } = testDecider(race);
    const [zoe, ada] = [race.events.Passed({ runner: 'Zoe' }), race.events.Passed({ runner: 'Ada' })];
    given(ada, zoe)
      .when({ type: 'Finish', data: {} })
      .then(race.events.Won({ runner: 'Ada' }));
    given(zoe, ada)
      .when({ type: 'Finish', data: {} })
      .then(race.events.Won({ runner: 'Ada' }));
  });

  test('is noticed if it decides differently on the state of a snapshot', () => {
    const counter = defineDecider({
      name: 'counter',
      version: '1',
      state: z.object({ count: z.int() }),
      commands: { Finish: z.object({}) },
      events: { Passed: z.object({ count: z.int() }) },
      category: 'counter',
      streamId: () => '',
      initialState: { count: 0 },
      evolve: { Passed: (_draft, { count }) => ({ count }) },
      decide: { Finish: ({ count }) => [{ type: 'Passed', data: { count } }] },
    });
    const state = { ...counter.types.state, fromBytes: () => ({ count: 0 }) };
    const forgetful = { ...counter, types: { ...counter.types, state } };
    const { given } = testDecider(forgetful);
    const finish = counter.commands.Finish({});
    assert.throws(() => given(counter.events.Passed({ count: 1 })).when(finish), { code: 'nondeterministic' });
  });

  test('may use functions that depend on their arguments only', () => {
    const pure = [
      () => new Date(0).toISOString(),
      () => new Date('2026-01-01').getUTCDay(),
      () => new Date('2026-01-01T10:00:00+02:00').getTime(),
      () => Date.UTC(2026, 0, 1),
      () => new Date(0) instanceof Date,
      () => 'a'.localeCompare('b', 'en'),
      () => new Intl.NumberFormat('en').format(1234),
      () => [0].map(new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format),
      () => new Intl.DateTimeFormat('en', { timeZone: 'UTC' }) instanceof Intl.DateTimeFormat,
      () => new Date(0).toLocaleDateString('de-DE', utc),
      () => new Date(0).toLocaleTimeString(['xx', 'de-DE'], utc),
      () => 'i'.toLocaleUpperCase('tr'),
      () => (1234.5).toLocaleString('de-DE'),
      () => ['a', 'b'].toLocaleString(),
      () => [...new Intl.Segmenter('en').segment('ab')].length,
      () => new Intl.DisplayNames('en', { type: 'region' }).of('DE'),
      () => resolve('/there', 'here'),
      () => parseArgs({ args: ['--x'], options: { x: { type: 'boolean' } } }).values.x,
      () => Math.max(1, 2),
      () => process.env['NODE_ENV'],
      () => typeof fetch + typeof navigator + typeof WebSocket,
      () => new Date(0).constructor === Date,
    ];
    for (const act of pure)
      testDecider(lottery(act))
        .given()
        .when(Draw)
        .then({ type: 'Drawn', data: { number: String(act()) } });
  });

  test('fails with the error of an assertion that does not hold', () => {
    const failing = [
      () => assert.equal(1, 2),
      () => assert.deepEqual({ a: [1, 2] }, { a: [1, 3] }),
      () => assert.ok(Number('0')),
      () => assert.match('text', /other/),
    ];
    for (const act of failing) testDecider(lottery(act)).given().when(Draw).thenFault('decide-failed');
  });

  test('may print, although this reads the colours of the terminal', (context) => {
    const { mock } = context.mock.method(process.stdout, 'write', () => true);
    try {
      testDecider(lottery(() => console.log('drawn', { at: 1 })))
        .given()
        .when(Draw);
    } finally {
      // The function is restored immediately, because the test runner writes to the same stream.
      mock.restore();
    }
    assert.ok(mock.callCount() > 0);
  });

  test('may be allowed by an option of the test', () => {
    const { given } = testDecider(
      lottery(() => typeof Date.now()),
      { deterministic: false },
    );
    given()
      .when(Draw)
      .then({ type: 'Drawn', data: { number: 'number' } });
  });
});

describe('a schema that is not pure', () => {
  const at = v.object({ at: v.optional(v.number(), () => Date.now()) });
  const timed = z.object({ at: z.number().optional() });
  const clock = (command: StandardSchema, event: StandardSchema) =>
    defineDecider({
      name: 'clock',
      version: '1',
      state: z.object({}),
      commands: { Note: command as typeof timed },
      events: { Noted: event as typeof timed },
      category: 'clock',
      streamId: () => '',
      initialState: {},
      evolve: { Noted: (_draft) => {} },
      decide: { Note: () => [{ type: 'Noted', data: {} }] },
    });
  const isBroken = (error: unknown): true => {
    assert.ok(error instanceof NondeterminismError);
    assert.equal(error.call?.call, 'Date.now()');
    return true;
  };

  test('is found in a command, in an event that was given and in one that was decided', () => {
    const { given } = testDecider(clock(at, timed));
    assert.throws(() => given().when({ type: 'Note', data: {} }), isBroken);
    const noted = testDecider(clock(timed, at));
    assert.throws(() => noted.given({ type: 'Noted', data: {} }).when({ type: 'Note', data: {} }), isBroken);
    assert.throws(() => noted.given().when({ type: 'Note', data: {} }), isBroken);
  });

  test('is found in the events of a process manager and of a read model', () => {
    const Noted = withCategory(defineEvent('Noted', at as unknown as typeof timed), 'note');
    const manager = defineEventHandler({
      name: 'manager',
      version: '1',
      state: z.object({}),
      events: { Noted },
      commands: {},
      key: () => 'k',
      initialState: {},
      evolve: { Noted: (_draft) => {} },
      handle: {},
    });
    assert.throws(() => testEventHandler(manager).given().when({ type: 'Noted', data: {} }), isBroken);
    const notes = defineProjector({
      name: 'notes',
      version: '1',
      state: z.object({}),
      events: { Noted },
      key: () => 'k',
      initialState: {},
      project: { Noted: (_draft) => {} },
    });
    assert.throws(() => testProjector(notes).given({ type: 'Noted', data: {} }).then({ k: {} }), isBroken);
  });
});

describe('a decision that changes what it reads', () => {
  /** A decider that bypasses the readonly types. */
  function vandal(
    decide: (state: { list: string[] }, data: { list: string[] }) => unknown,
    evolve: (data: { list: string[] }) => unknown,
  ) {
    return defineDecider({
      name: 'vandal',
      version: '1',
      state: z.object({ list: z.array(z.string()) }),
      commands: { Do: z.object({ list: z.array(z.string()) }) },
      events: { Done: z.object({ list: z.array(z.string()) }) },
      category: 'vandal',
      streamId: () => '',
      initialState: { list: ['a'] },
      evolve: { Done: (_draft, data) => void evolve(data) },
      decide: {
        Do: (state, data) => {
          decide(state as never, data);
          return [{ type: 'Done', data: { list: [] } }];
        },
      },
    });
  }
  const Do = { type: 'Do', data: { list: [] } } as const satisfies { type: 'Do'; data: { list: string[] } };
  const nothing = () => {};

  test('fails if it changes the state, which is frozen', () => {
    testDecider(vandal((state) => state.list.push('x'), nothing))
      .given()
      .when({ ...Do, data: { list: [] } })
      .thenFault('decide-failed');
  });

  test('does not change the command, because it has a copy', () => {
    const { given } = testDecider(vandal((_state, data) => data.list.push('x'), nothing));
    const command: typeof Do = { type: 'Do', data: { list: [] } };
    given()
      .when(command)
      .then({ type: 'Done', data: { list: [] } });
    assert.deepEqual(command, Do);
  });

  test('does not change the event in evolve, because it has a copy', () => {
    const { given } = testDecider(vandal(nothing, (data) => data.list.push('x')));
    given()
      .when({ type: 'Do', data: { list: [] } })
      .then({ type: 'Done', data: { list: [] } })
      .thenState({ list: ['a'] });
  });
});
