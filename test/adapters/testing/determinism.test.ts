import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { connect } from 'node:net';
import os from 'node:os';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { NondeterminismError, testDecider, withoutAmbient } from '../../../src/adapters/testing/index.ts';
import { defineDecider } from '../../../src/core/index.ts';

/** A decider whose decision runs any code, and whose event and state keep any text. */
function lottery(act: () => unknown, evolve: () => void = () => {}) {
  return defineDecider({
    name: 'lottery',
    version: '1',
    state: z.object({ drawn: z.array(z.string()) }),
    commands: { Draw: z.object({}) },
    events: { Drawn: z.object({ number: z.string() }) },
    streamId: () => 'lottery',
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

/** The line that called this function: the place that an error has to name. */
function here(): string {
  return new Error('here').stack?.split('\n')[2]?.match(/:(\d+):\d+\)?$/)?.[1] ?? '';
}

describe('a decision that reaches outside', () => {
  const date = new Date(0);
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
    ['performance.now()', 'clock', () => performance.now()],
    ['process.hrtime()', 'clock', () => process.hrtime()],
    ['process.hrtime.bigint()', 'clock', () => process.hrtime.bigint()],
    ['Math.random()', 'randomness', () => Math.random()],
    ['crypto.randomUUID()', 'randomness', () => crypto.randomUUID()],
    ['crypto.getRandomValues()', 'randomness', () => crypto.getRandomValues(new Uint8Array(1))],
    ['crypto.subtle.digest()', 'randomness', () => crypto.subtle.digest('SHA-256', new Uint8Array(1))],
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
    ['process.cwd()', 'environment', () => process.cwd()],
    ['String.prototype.localeCompare()', 'locale', () => 'a'.localeCompare('b')],
    ['Number.prototype.toLocaleString()', 'locale', () => (1).toLocaleString()],
    ['Intl.NumberFormat()', 'locale', () => new Intl.NumberFormat().format(1)],
    ['Intl.DateTimeFormat()', 'time zone', () => new Intl.DateTimeFormat('en').format(0)],
    ['Intl.DateTimeFormat.prototype.format()', 'clock', () => inUtc.format()],
    ['Intl.DateTimeFormat.prototype.formatToParts()', 'clock', () => inUtc.formatToParts()],
  ];
  for (const [call, kind, act] of cases) {
    it(`is told that it called ${call}: ${String(act).replace('() => ', '')}`, () => {
      const breach = breachOf(act);
      assert.deepEqual({ call: breach.call?.call, kind: breach.call?.kind }, { call, kind });
      assert.match(breach.call?.where ?? '', /test\/adapters\/testing\/determinism\.test\.ts:\d+:\d+$/);
    });
  }

  it('is told the line of the call, and what to do instead', () => {
    let line = '';
    const breach = breachOf(() => [(line = here()), Math.random()]);
    assert.equal(breach.call?.where.match(/:(\d+):\d+$/)?.[1], line);
    assert.match(
      breach.message,
      /^Math\.random\(\) was called at .*: a decision sees history and command only; draw it/,
    );
  });

  it('is found out where it catches the error', () => {
    const breach = breachOf(() => {
      try {
        return Date.now();
      } catch {
        return 0;
      }
    });
    assert.equal(breach.call?.call, 'Date.now()');
  });

  it('is found out in evolve too', () => {
    const module = lottery(
      () => 1,
      () => void Math.random(),
    );
    assert.throws(() => testDecider(module).given().when(Draw), { code: 'nondeterministic' });
  });

  it('is found out where it counts in a variable of its module', () => {
    let count = 0;
    assert.match(
      breachOf(() => count++).message,
      /Draw was decided twice from the same history, and gave different events/,
    );
  });

  it('is found out where it decides by the order of the fields of a state, which a snapshot does not keep', () => {
    const race = defineDecider({
      name: 'race',
      version: '1',
      state: z.record(z.string(), z.int()),
      commands: { Finish: z.object({}) },
      events: { Passed: z.object({ runner: z.string() }), Won: z.object({ runner: z.string() }) },
      streamId: () => 'race',
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
    assert.throws(() => given(zoe, ada).when({ type: 'Finish', data: {} }), {
      message: /^Finish was decided on the state of a snapshot, and gave different events/,
    });
  });

  it('may use what depends on its arguments alone', () => {
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
      () => Math.max(1, 2),
      () => process.env['NODE_ENV'],
    ];
    for (const act of pure)
      testDecider(lottery(act))
        .given()
        .when(Draw)
        .then({ type: 'Drawn', data: { number: String(act()) } });
  });

  it('may print, which reads the colours of the terminal and nothing else', (context) => {
    const { mock } = context.mock.method(process.stdout, 'write', () => true);
    try {
      testDecider(lottery(() => console.log('drawn', { at: 1 })))
        .given()
        .when(Draw);
    } finally {
      // At once: what the test runner has to say goes the same way.
      mock.restore();
    }
    assert.ok(mock.callCount() > 0);
  });

  it('may be let through where a module asks for it', () => {
    const { given } = testDecider(
      lottery(() => typeof Date.now()),
      { deterministic: false },
    );
    given()
      .when(Draw)
      .then({ type: 'Drawn', data: { number: 'number' } });
  });
});

describe('a decision that changes what it reads', () => {
  /** A decider that goes round the types, which are readonly. */
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
      streamId: () => 'vandal',
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

  it('fails where that is the state, which is frozen', () => {
    testDecider(vandal((state) => state.list.push('x'), nothing))
      .given()
      .when({ ...Do, data: { list: [] } })
      .thenFault('decide-failed');
  });

  it('is found out where that is the command', () => {
    const { given } = testDecider(vandal((_state, data) => data.list.push('x'), nothing));
    assert.throws(() => given().when({ type: 'Do', data: { list: [] } }), {
      message: /^the command Do was changed while it was being read/,
    });
  });

  it('is found out where evolve changes the event', () => {
    const { given } = testDecider(vandal(nothing, (data) => data.list.push('x')));
    assert.throws(() => given().when({ type: 'Do', data: { list: [] } }), { message: /^the event Done was changed/ });
  });
});

describe('the ambient world', () => {
  const probe = () => [
    Date,
    Date.now,
    Math.random,
    globalThis.fetch,
    setTimeout,
    crypto.randomUUID,
    process.env,
    process.hrtime,
    Error.stackTraceLimit,
    Date.prototype.getHours,
    randomUUID,
    existsSync,
    os.hostname,
  ];

  it('is as it was after a function that returned', () => {
    const before = probe();
    assert.deepEqual(
      withoutAmbient(() => 5),
      { outcome: { value: 5 }, calls: [] },
    );
    for (const [index, now] of probe().entries()) assert.equal(now, before[index]);
    assert.ok(Date.now() > 0 && Math.random() < 1 && process.env['PATH'] !== undefined);
  });

  it('is as it was after a function that threw, inside another one too', () => {
    const before = probe();
    const boom = new Error('boom');
    const { outcome } = withoutAmbient(() => {
      withoutAmbient(() => Date.now());
      throw boom;
    });
    assert.deepEqual(outcome, { error: boom });
    for (const [index, now] of probe().entries()) assert.equal(now, before[index]);
  });
});
