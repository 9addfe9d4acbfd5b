/** The typical work of a component host, on the bank's C guest, and lists of bytes as arguments and results. */
import { readFileSync } from 'node:fs';
import { pack } from 'msgpackr';
import { engine } from '../../../src/adapters/component/engine/web-assembly.ts';
import { compile, instantiate } from '../../../src/adapters/component/index.ts';
import { assemble } from '../../adapters/component/assemble.ts';
import type { Benchmark, Contestant, Measured } from '../measure.ts';
import { BankByHand, coreModules, type Envelope } from './by-hand.ts';
import { ECHO, EchoByHand } from './echo.ts';
import { fuel } from './fuel.ts';
import { guests } from './guests.ts';
import { CURRENT_JCO, loadWithJco } from './jco.ts';
import { verify } from './verify.ts';

const TYPES = 'decidable:eventsourcing/types@0.1.0';
const DECIDER = 'decidable:eventsourcing/decider@0.1.0';
const OLD_JCO = 'jco 1.10.2';
/** jco requires even an interface that has only types. */
const MESSAGES = { 'decidable:eventsourcing/messages': {} };

/** The functions of each contestant. A state, an event or a command is a handle of the contestant. */
interface Bank<Handle> {
  initialState(): Handle;
  evolve(state: Handle, event: Handle): Handle;
  decide(state: Handle, command: Handle): readonly Handle[];
  eventFromEnvelope(envelope: Envelope): Handle;
  eventToEnvelope(event: Handle): Envelope;
  commandFromEnvelope(envelope: Envelope): Handle;
  releaseEvent(event: Handle): void;
}

function envelope(type: string, data: object): Envelope {
  return { type, schemaVersion: 1, payload: new Uint8Array(pack(data)) };
}

const opened = envelope('AccountOpened', { accountId: 'a1', owner: 'Ada' });
const deposited = envelope('Deposited', { accountId: 'a1', amount: 1 });
const deposit = envelope('Deposit', { accountId: 'a1', amount: 1 });

// Contestants ------------------------------------------------------------------------------------------------------

interface HandleApi {
  readonly types: {
    readonly event: {
      fromEnvelope(envelope: Envelope): number;
      toEnvelope(event: number): Envelope;
      drop(event: number): void;
    };
    readonly command: { fromEnvelope(envelope: Envelope): number };
  };
  readonly decider: Pick<Bank<number>, 'initialState' | 'evolve' | 'decide'>;
}

interface EventObject {
  toEnvelope(): Envelope;
  [Symbol.dispose](): void;
}

interface ObjectApi {
  readonly types: {
    readonly Event: { fromEnvelope(envelope: Envelope): EventObject };
    readonly Command: { fromEnvelope(envelope: Envelope): EventObject };
  };
  readonly decider: Pick<Bank<EventObject>, 'initialState' | 'evolve' | 'decide'>;
}

function interfaces<Api>(exports: Record<string, unknown>): Api {
  return { types: exports[TYPES], decider: exports[DECIDER] } as Api;
}

function withHandles(exports: Record<string, unknown>): Bank<number> {
  const { types, decider } = interfaces<HandleApi>(exports);
  return {
    initialState: decider.initialState,
    evolve: decider.evolve,
    decide: decider.decide,
    eventFromEnvelope: types.event.fromEnvelope,
    eventToEnvelope: types.event.toEnvelope,
    commandFromEnvelope: types.command.fromEnvelope,
    releaseEvent: types.event.drop,
  };
}

function withObjects(exports: Record<string, unknown>): Bank<EventObject> {
  const { types, decider } = interfaces<ObjectApi>(exports);
  return {
    initialState: decider.initialState,
    evolve: decider.evolve,
    decide: decider.decide,
    eventFromEnvelope: (envelope) => types.Event.fromEnvelope(envelope),
    eventToEnvelope: (event) => event.toEnvelope(),
    commandFromEnvelope: (envelope) => types.Command.fromEnvelope(envelope),
    releaseEvent: (event) => event[Symbol.dispose](),
  };
}

// Work -------------------------------------------------------------------------------------------------------------

type Work = (operations: number) => void;

function openAccount<Handle>(bank: Bank<Handle>): Handle {
  return bank.evolve(bank.initialState(), bank.eventFromEnvelope(opened));
}

function evolving<Handle>(bank: Bank<Handle>): Work {
  const event = bank.eventFromEnvelope(deposited);
  let state = openAccount(bank);
  return (operations) => {
    for (let i = 0; i < operations; i++) state = bank.evolve(state, event);
  };
}

function replaying<Handle>(bank: Bank<Handle>): Work {
  let state = openAccount(bank);
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      const event = bank.eventFromEnvelope(deposited);
      state = bank.evolve(state, event);
      bank.releaseEvent(event);
    }
  };
}

function deciding<Handle>(bank: Bank<Handle>): Work {
  const state = openAccount(bank);
  const command = bank.commandFromEnvelope(deposit);
  return (operations) => {
    for (let i = 0; i < operations; i++) {
      const event = bank.decide(state, command)[0]!;
      if (bank.eventToEnvelope(event).type !== 'Deposited') throw new Error('the guest decided otherwise');
      bank.releaseEvent(event);
    }
  };
}

function cpuTimed(operations: number, work: Work): Measured {
  globalThis.gc?.();
  const start = process.cpuUsage();
  work(operations);
  const { user, system } = process.cpuUsage(start);
  return { operations, milliseconds: (user + system) / 1000 };
}

function contestant(name: string, operations: number, work: Work): Contestant {
  work(Math.min(operations, 20_000));
  return { name, run: async () => cpuTimed(operations, work) };
}

// Benchmarks -------------------------------------------------------------------------------------------------------

export async function benchmarks(isQuick: boolean, oldJco: string | undefined): Promise<Benchmark[]> {
  const bytes = readFileSync(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));
  const component = await compile(bytes);
  const module = await engine.compile(coreModules(component)[0]!);
  const byHand = (): BankByHand => new BankByHand([module]);
  const handles = withHandles((await instantiate(component, {}, { resources: 'handles' })).exports);
  const objects = withObjects((await instantiate(component)).exports);
  const jco = withObjects(await loadWithJco(CURRENT_JCO, bytes, MESSAGES));
  const old = oldJco && withObjects(await loadWithJco(oldJco, bytes, MESSAGES));
  // There are many short rounds, because the speed of a shared machine changes within seconds.
  const rounds = isQuick ? 3 : 41;
  const scale = isQuick ? 0.1 : 0.25;

  const bank = (
    name: string,
    about: string,
    operations: number,
    work: <Handle>(bank: Bank<Handle>) => Work,
    ours: 'handles' | 'objects',
    [ofHand, ofJco]: readonly [number, number],
  ): Benchmark => ({
    name,
    about,
    unit: 'per second',
    rounds,
    contestants: [
      contestant('by hand', operations * scale, work(byHand())),
      contestant(ours, operations * scale, ours === 'handles' ? work(handles) : work(objects)),
      contestant('jco', (operations * scale) / 20, work(jco)),
      ...(old ? [contestant(OLD_JCO, (operations * scale) / 20, work(old))] : []),
    ],
    targets: [
      { of: ours, against: 'by hand', atLeast: ofHand },
      { of: ours, against: 'jco', atLeast: ofJco },
      { of: ours, against: OLD_JCO, atLeast: 0 },
    ],
  });

  return [
    bank('evolve', 'evolve with handles', 4_000_000, evolving, 'handles', [0.5, 50]),
    bank('replay', 'decode an event, evolve, drop', 600_000, replaying, 'handles', [0.6, 20]),
    bank('decide', 'decide with one event out, to its envelope', 600_000, deciding, 'handles', [0.5, 10]),
    bank('evolve, objects', 'evolve with resources as objects', 4_000_000, evolving, 'objects', [0.25, 0]),
    bank('replay, objects', 'decode an event, evolve, dispose', 600_000, replaying, 'objects', [0.3, 0]),
    bank('decide, objects', 'decide with one event out, to its envelope', 600_000, deciding, 'objects', [0.3, 0]),
    ...(await echoes(rounds, scale, oldJco)),
    ...(await starts(bytes, rounds, oldJco)),
    await fuel(rounds, 100_000 * scale),
    await verify(rounds, 100 * scale),
    guests(rounds, 4_000 * scale),
    memory(handles),
  ];
}

/** Compares the used heap after a million calls with the heap before. */
function memory(bank: Bank<number>): Benchmark {
  const calls = 1_000_000;
  const replay = replaying(bank);
  replay(20_000);
  return {
    name: 'memory',
    about: 'a million times decode, evolve and drop; measures the growth of the heap in bytes per call',
    unit: 'bytes per call',
    rounds: 1,
    contestants: [
      {
        name: 'heap growth',
        run: async () => {
          globalThis.gc?.();
          const before = process.memoryUsage();
          replay(calls);
          globalThis.gc?.();
          const after = process.memoryUsage();
          const growth = Math.max(0, after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers);
          return { operations: growth / calls, milliseconds: 1000 };
        },
      },
    ],
    targets: [],
  };
}

async function echoes(rounds: number, scale: number, oldJco: string | undefined): Promise<Benchmark[]> {
  const bytes = await assemble(ECHO);
  const component = await compile(bytes);
  const ours = (await instantiate(component)).exports.echo as (list: Uint8Array) => Uint8Array;
  const echoOf = async (entry: string) =>
    (await loadWithJco(entry, bytes, {})).echo as (list: Uint8Array) => Uint8Array;
  const jco = await echoOf(CURRENT_JCO);
  const old = oldJco && (await echoOf(oldJco));
  const module = await engine.compile(coreModules(component)[0]!);
  const byHand = new EchoByHand(module);
  const sizes = [
    [16, 2_000_000, 0.5],
    [1024, 1_000_000, 0.7],
    [65536, 20_000, 0.9],
  ] as const;
  return sizes.map(([size, operations, atLeast]): Benchmark => {
    const list = new Uint8Array(size).fill(7);
    const through =
      (echo: (list: Uint8Array) => Uint8Array): Work =>
      (count) => {
        for (let i = 0; i < count; i++)
          if (echo(list).length !== size) throw new Error('expected the list that was passed');
      };
    return {
      name: `list<u8> ${size} bytes`,
      about: 'in and out',
      unit: 'per second',
      rounds,
      contestants: [
        contestant(
          'by hand',
          operations * scale,
          through((each) => byHand.echo(each)),
        ),
        contestant('objects', operations * scale, through(ours)),
        contestant('jco', (operations * scale) / 4, through(jco)),
        ...(old ? [contestant(OLD_JCO, operations * scale, through(old))] : []),
      ],
      targets: [
        { of: 'objects', against: 'by hand', atLeast },
        { of: 'objects', against: 'jco', atLeast: 0 },
        { of: 'objects', against: OLD_JCO, atLeast: 0 },
      ],
    };
  });
}

/** The number of starts before the first round, because these rows measure a warmed process. */
const WARMING = 500;

/** Measures the time up to the first call. */
async function starts(bytes: Uint8Array, rounds: number, oldJco: string | undefined): Promise<Benchmark[]> {
  const [bank, ...tables] = coreModules(await compile(bytes));
  if (bank === undefined) throw new Error('the guest has a module');
  const startByHand = async (module: Uint8Array<ArrayBuffer>): Promise<void> => {
    const modules = await Promise.all([module, ...tables].map((each) => engine.compile(each)));
    new BankByHand(modules).initialState();
  };
  const startWithHandles = async (component: Uint8Array): Promise<void> => {
    const { exports } = await instantiate(await compile(component), {}, { resources: 'handles' });
    withHandles(exports).initialState();
  };
  const startOfJco = (name: string, entry: string): Contestant => ({
    name,
    run: () => repeat(async () => withObjects(await loadWithJco(entry, bytes, MESSAGES)).initialState(), 5),
  });
  for (let index = 0; index < WARMING; index++) {
    await startByHand(unseen(bank));
    await startWithHandles(unseen(bytes));
  }
  const handles: Contestant = { name: 'handles', run: () => repeat(() => startWithHandles(bytes)) };
  /** The engine discards optimized code for objects of which a full collection finds none. */
  const collected = (run: Contestant['run']): Contestant['run'] => {
    return () => {
      globalThis.gc?.();
      return run();
    };
  };
  const besideHand = [{ of: 'handles', against: 'by hand', atLeast: 0.5 }];
  return [
    {
      name: 'start',
      about: 'compile and instantiate the C guest, to the first call; the engine has its modules in its cache',
      unit: 'per second',
      rounds,
      contestants: [{ name: 'by hand', run: () => repeat(() => startByHand(bank)) }, handles],
      targets: besideHand,
    },
    {
      name: 'start, uncached',
      about: 'the same with a new guest each time, which the engine has not seen before',
      unit: 'per second',
      rounds,
      contestants: [
        { name: 'by hand', run: () => repeat(() => startByHand(unseen(bank))) },
        { name: 'handles', run: () => repeat(() => startWithHandles(unseen(bytes))) },
      ],
      targets: besideHand,
    },
    {
      name: 'start, after a full collection',
      about: 'the first of these, with a collection of all garbage before each round of 50 starts',
      unit: 'per second',
      rounds,
      contestants: [
        { name: 'by hand', run: collected(() => repeat(() => startByHand(bank))) },
        { name: 'handles', run: collected(() => repeat(() => startWithHandles(bytes))) },
      ],
      targets: [{ of: 'handles', against: 'by hand', atLeast: 0 }],
    },
    // It runs alone, because each start of jco leaves so much garbage that the next row loses its optimized code.
    {
      name: 'start, compared with jco',
      about: 'the same as the first of these, compared with transpiling, importing and instantiating',
      unit: 'per second',
      rounds,
      contestants: [handles, startOfJco('jco', CURRENT_JCO), ...(oldJco ? [startOfJco(OLD_JCO, oldJco)] : [])],
      targets: [
        { of: 'handles', against: 'jco', atLeast: 10 },
        { of: 'handles', against: OLD_JCO, atLeast: 0 },
      ],
    },
  ];
}

async function repeat(once: () => Promise<unknown>, times: number = 50): Promise<Measured> {
  // This is not CPU time, because engines compile on several threads concurrently.
  const begin = performance.now();
  for (let i = 0; i < times; i++) await once();
  return { operations: times, milliseconds: performance.now() - begin };
}

let unseenSoFar = 0;

/** Returns the same binary with another text in its data, which does not affect the result. */
function unseen(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const at = Buffer.from(bytes).indexOf('insufficient-funds');
  if (at < 0) throw new Error("expected the text of the rejection in the guest's binary, but it is not there");
  new DataView(copy.buffer).setUint32(at, ++unseenSoFar);
  return copy;
}
