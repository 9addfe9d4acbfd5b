/** Clocks, randomness and streams: the same on every machine, whatever was called before. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { GuestExit, LANGUAGE_RUNTIME, type VirtualWasiOptions, virtualWasi } from 'decidable/component/wasi';

/** The instant at which each call begins. */
const START = 3_600_000_000_000n;

interface Pollable extends Disposable {
  ready(): boolean;
  block(): void;
}
interface Input extends Disposable {
  read(length: bigint): Uint8Array;
  skip(length: bigint): bigint;
  blockingSkip(length: bigint): bigint;
  subscribe(): Pollable;
}
interface Output extends Disposable {
  checkWrite(): bigint;
  writeZeroes(length: bigint): void;
  blockingWriteZeroesAndFlush(length: bigint): void;
  blockingSplice(source: Input, length: bigint): bigint;
}
interface Imports {
  'wasi:clocks/monotonic-clock@0.2.12': {
    now(): bigint;
    resolution(): bigint;
    subscribeDuration(duration: bigint): Pollable;
    subscribeInstant(instant: bigint): Pollable;
  };
  'wasi:clocks/wall-clock@0.2.12': {
    now(): { seconds: bigint; nanoseconds: number };
    resolution(): { seconds: bigint; nanoseconds: number };
  };
  'wasi:clocks/timezone@0.2.12': { display(time: object): object; utcOffset(time: object): number };
  'wasi:io/poll@0.2.12': { poll(pollables: Pollable[]): Uint32Array };
  'wasi:random/random@0.2.12': { getRandomBytes(length: bigint): Uint8Array; getRandomU64(): bigint };
  'wasi:random/insecure@0.2.12': { getInsecureRandomBytes(length: bigint): Uint8Array; getInsecureRandomU64(): bigint };
  'wasi:random/insecure-seed@0.2.12': { insecureSeed(): [bigint, bigint] };
  'wasi:cli/stdin@0.2.12': { getStdin(): Input };
  'wasi:cli/stdout@0.2.12': { getStdout(): Output };
  'wasi:cli/environment@0.2.12': {
    getEnvironment(): [string, string][];
    getArguments(): string[];
    initialCwd(): string | undefined;
  };
  'wasi:cli/terminal-stdin@0.2.12': { getTerminalStdin(): unknown };
  'wasi:cli/terminal-stdout@0.2.12': { getTerminalStdout(): unknown };
  'wasi:cli/terminal-stderr@0.2.12': { getTerminalStderr(): unknown };
  'wasi:cli/exit@0.2.12': { exit(status: { tag: string }): void; exitWithCode(status: number): void };
}

function granted(options: VirtualWasiOptions = {}) {
  const wasi = virtualWasi({ grant: LANGUAGE_RUNTIME, ...options });
  return { wasi, imports: wasi.imports as unknown as Imports };
}

describe('clocks', () => {
  test('show the command’s time during a decision, and a constant otherwise', () => {
    const { wasi, imports } = granted();
    const { now } = imports['wasi:clocks/wall-clock@0.2.12'];
    assert.deepEqual(now(), { seconds: 0n, nanoseconds: 0 });
    wasi.setDecision({ time: 1_700_000_000_042n, seed: 'c' });
    assert.deepEqual(now(), { seconds: 1_700_000_000n, nanoseconds: 42_000_000 });
    wasi.setDecision();
    assert.deepEqual(now(), { seconds: 0n, nanoseconds: 0 });
  });

  test('advance only while the guest waits', () => {
    const { wasi, imports } = granted();
    const clock = imports['wasi:clocks/monotonic-clock@0.2.12'];
    wasi.setDecision({ time: 1_000n, seed: 'c' });
    assert.equal(clock.now(), START);
    const later = clock.subscribeDuration(1_500_000_000n);
    assert.equal(later.ready(), false);
    later.block();
    assert.equal(later.ready(), true);
    assert.equal(clock.now(), START + 1_500_000_000n);
    assert.deepEqual(imports['wasi:clocks/wall-clock@0.2.12'].now(), { seconds: 2n, nanoseconds: 500_000_000 });
    wasi.setDecision({ time: 1_000n, seed: 'c' });
    assert.equal(clock.now(), START, 'a decision does not see how long the one before it waited');
  });

  test('start above zero, because Go refuses a monotonic clock that shows 0', () => {
    const { wasi, imports } = granted();
    const clock = imports['wasi:clocks/monotonic-clock@0.2.12'];
    assert.ok(clock.now() > 0n);
    wasi.setDecision();
    assert.ok(clock.now() > 0n);
  });

  test('never go back', () => {
    const { imports } = granted();
    const clock = imports['wasi:clocks/monotonic-clock@0.2.12'];
    clock.subscribeDuration(10n).block();
    clock.subscribeDuration(5n).block();
    assert.equal(clock.now(), START + 15n);
    clock.subscribeInstant(START + 3n).block();
    assert.equal(clock.now(), START + 15n);
    clock.subscribeInstant(START + 20n).block();
    assert.equal(clock.now(), START + 20n);
  });

  test('have a resolution of a millisecond, in UTC', () => {
    const { imports } = granted();
    const [monotonic, wall] = [imports['wasi:clocks/monotonic-clock@0.2.12'], imports['wasi:clocks/wall-clock@0.2.12']];
    assert.equal(monotonic.resolution(), 1_000_000n);
    assert.deepEqual(wall.resolution(), { seconds: 0n, nanoseconds: 1_000_000 });
    const zone = imports['wasi:clocks/timezone@0.2.12'];
    assert.deepEqual(zone.display(wall.now()), { utcOffset: 0, name: 'UTC', inDaylightSavingTime: false });
    assert.equal(zone.utcOffset(wall.now()), 0);
  });

  test('end a longer wait at the greatest instant', () => {
    const { imports } = granted();
    const clock = imports['wasi:clocks/monotonic-clock@0.2.12'];
    const forever = 2n ** 64n - 1n;
    clock.subscribeDuration(forever).block();
    const later = clock.subscribeDuration(forever);
    later.block();
    assert.equal(later.ready(), true);
    assert.equal(clock.now(), forever);
  });

  test('are polled for all pollables that are ready, or for those that are ready first', () => {
    const { imports } = granted();
    const { poll } = imports['wasi:io/poll@0.2.12'];
    const clock = imports['wasi:clocks/monotonic-clock@0.2.12'];
    const after = (nanoseconds: bigint) => clock.subscribeInstant(START + nanoseconds);
    const [late, early] = [after(20n), after(10n)];
    assert.deepEqual(poll([late, early]), Uint32Array.of(1));
    assert.equal(clock.now(), START + 10n);
    assert.deepEqual(poll([late, imports['wasi:cli/stdin@0.2.12'].getStdin().subscribe()]), Uint32Array.of(1));
    assert.equal(clock.now(), START + 10n);
    const [one, another] = [after(15n), after(15n)];
    assert.deepEqual(poll([late, one, another]), Uint32Array.of(1, 2), 'all that are first');
    assert.deepEqual(poll([one, late, early]), Uint32Array.of(0, 2), 'all that are ready');
  });
});

test('a stream cannot be dropped before its pollables, as on other hosts', () => {
  const { imports } = granted();
  for (const stream of [
    imports['wasi:cli/stdin@0.2.12'].getStdin() as Input,
    imports['wasi:cli/stdout@0.2.12'].getStdout() as Output & { subscribe(): Pollable },
  ]) {
    const [one, other] = [stream.subscribe(), stream.subscribe()];
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    assert.throws(() => stream[Symbol.dispose](), isTrap);
    other[Symbol.dispose]();
    stream[Symbol.dispose]();
  }
});

const block = (name: string, seed: string, index: number) =>
  createHash('sha256')
    .update(`${name}\0${seed}\0`)
    .update(Uint8Array.of(0, 0, 0, index))
    .digest();

describe('randomness', () => {
  test('is SHA-256 over interface, seed and block, as documented', () => {
    const { wasi, imports } = granted();
    wasi.setDecision({ time: 0n, seed: 'command 7' });
    const name = 'wasi:random/random';
    const expected = Buffer.concat([block(name, 'command 7', 0), block(name, 'command 7', 1)]);
    const { getRandomBytes, getRandomU64 } = imports['wasi:random/random@0.2.12'];
    assert.deepEqual(Buffer.from(getRandomBytes(5n)), expected.subarray(0, 5));
    assert.deepEqual(Buffer.from(getRandomBytes(40n)), expected.subarray(5, 45));
    assert.equal(getRandomU64(), expected.readBigUInt64BE(45));
    wasi.setDecision();
    assert.deepEqual(Buffer.from(getRandomBytes(4n)), block(name, '', 0).subarray(0, 4));
  });

  test('follows from the command in the insecure interface too, with other numbers', () => {
    const { wasi, imports } = granted();
    const { getInsecureRandomBytes, getInsecureRandomU64 } = imports['wasi:random/insecure@0.2.12'];
    getInsecureRandomBytes(40n);
    wasi.setDecision({ time: 0n, seed: 'command 7' });
    const expected = block('wasi:random/insecure', 'command 7', 0);
    assert.deepEqual(Buffer.from(getInsecureRandomBytes(5n)), expected.subarray(0, 5));
    assert.equal(getInsecureRandomU64(), expected.readBigUInt64BE(5));
  });

  test('does not depend on the calls of another interface', () => {
    const [one, two] = [granted(), granted()];
    for (const { wasi } of [one, two]) wasi.setDecision({ time: 0n, seed: 's' });
    one.imports['wasi:random/random@0.2.12'].getRandomBytes(100n);
    const bytesOf = ({ imports }: typeof one) => imports['wasi:random/insecure@0.2.12'].getInsecureRandomBytes(3n);
    assert.deepEqual(bytesOf(one), bytesOf(two));
  });

  test('has one constant seed for hash maps, because a language reads it once and keeps it', () => {
    const { wasi, imports } = granted();
    const { insecureSeed } = imports['wasi:random/insecure-seed@0.2.12'];
    const seed = insecureSeed();
    assert.notEqual(seed[0], seed[1]);
    wasi.setDecision({ time: 1n, seed: 'c' });
    assert.deepEqual(insecureSeed(), seed);
    assert.deepEqual(insecureSeed(), seed);
    assert.deepEqual(granted().imports['wasi:random/insecure-seed@0.2.12'].insecureSeed(), seed);
  });

  test('is bounded, so that a guest cannot use all the memory of its host', () => {
    const { imports } = granted();
    for (const getBytes of [
      imports['wasi:random/random@0.2.12'].getRandomBytes,
      imports['wasi:random/insecure@0.2.12'].getInsecureRandomBytes,
    ]) {
      assert.equal(getBytes(1n << 20n).length, 1 << 20);
      for (const length of [(1n << 20n) + 1n, 2n ** 63n]) assert.throws(() => getBytes(length), isTrap);
    }
  });
});

describe('the command line', () => {
  test('has the values of the options, and none of the process', () => {
    const { imports } = granted({ arguments: ['a', '-b'], environment: { LANG: 'C' }, directory: '/w' });
    const environment = imports['wasi:cli/environment@0.2.12'];
    assert.deepEqual(environment.getEnvironment(), [['LANG', 'C']]);
    assert.deepEqual(environment.getArguments(), ['a', '-b']);
    assert.equal(environment.initialCwd(), '/w');
    const nothing = granted().imports['wasi:cli/environment@0.2.12'];
    assert.deepEqual([nothing.getEnvironment(), nothing.getArguments(), nothing.initialCwd()], [[], [], undefined]);
  });

  test('has no terminal', () => {
    const { imports } = granted();
    assert.equal(imports['wasi:cli/terminal-stdin@0.2.12'].getTerminalStdin(), undefined);
    assert.equal(imports['wasi:cli/terminal-stdout@0.2.12'].getTerminalStdout(), undefined);
    assert.equal(imports['wasi:cli/terminal-stderr@0.2.12'].getTerminalStderr(), undefined);
  });

  test('splices standard input to standard output', () => {
    const lines: string[] = [];
    const { wasi, imports } = granted({ stdout: (line) => lines.push(line), stdin: 'from stdin\n' });
    const out = imports['wasi:cli/stdout@0.2.12'].getStdout();
    assert.ok(out.checkWrite() > 0n);
    out.blockingWriteZeroesAndFlush(1n);
    const permitted = out.checkWrite();
    // Writing only the permitted part would lose the rest.
    for (const write of ['writeZeroes', 'blockingWriteZeroesAndFlush'] as const) {
      assert.throws(() => out[write](permitted + 1n), isTrap);
      assert.equal(lines.length, 0);
    }
    assert.equal(out.blockingSplice(imports['wasi:cli/stdin@0.2.12'].getStdin(), 100n), 11n);
    assert.deepEqual(lines, ['\0from stdin']);
    out.writeZeroes(permitted);
    wasi.flush();
    assert.equal(BigInt(lines.slice(1).join('').length), permitted);
  });

  test('ends the program with a trap that has the status', () => {
    const { exit, exitWithCode } = granted().imports['wasi:cli/exit@0.2.12'];
    const endsWith = (status: number) => (error: unknown) => error instanceof GuestExit && error.status === status;
    assert.throws(() => exit({ tag: 'ok' }), endsWith(0));
    assert.throws(() => exit({ tag: 'err' }), endsWith(1));
    assert.throws(
      () => exitWithCode(3),
      (error) => isTrap(error) && endsWith(3)(error),
    );
  });
});
