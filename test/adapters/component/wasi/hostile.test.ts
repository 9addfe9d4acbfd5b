/** Every call of a guest ends with a result, an error of the standard, or a trap. No call breaks the host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComponentError, isTrap } from 'decidable/component';
import { LANGUAGE_RUNTIME, virtualWasi } from 'decidable/component/wasi';
import * as fc from 'fast-check';
import { Descriptor, DirectoryEntryStream } from '../../../../src/adapters/component/wasi/filesystem.ts';
import { InputStream, OutputStream } from '../../../../src/adapters/component/wasi/io.ts';
import { WASI, type WasiFunction } from './wasi-names.ts';

/** `error-code` of wasi:filesystem/types. */
const ERROR_CODES = (
  'access would-block already bad-descriptor busy deadlock quota exist file-too-large illegal-byte-sequence in-progress ' +
  'interrupted invalid io is-directory loop too-many-links message-size name-too-long no-device no-entry no-lock ' +
  'insufficient-memory insufficient-space not-directory not-empty not-recoverable unsupported no-tty no-such-device overflow ' +
  'not-permitted pipe read-only invalid-seek text-file-busy cross-device'
).split(' ');

function isKnown(error: unknown): boolean {
  if (isTrap(error)) return true;
  if (!isComponentError(error)) return false;
  const { payload } = error as { payload: unknown };
  if (typeof payload === 'string') return ERROR_CODES.includes(payload);
  const { tag } = payload as { tag?: unknown };
  return tag === 'closed' || tag === 'last-operation-failed';
}

const u64 = fc.oneof(
  fc.bigInt(0n, 20n),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc.constantFrom(2n ** 26n, 2n ** 26n + 1n, 2n ** 32n, 2n ** 50n, 2n ** 53n, 2n ** 64n - 1n),
);
const path = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'a/b', 'a/c', 'a/b/c') },
  fc.array(fc.constantFrom('a', 'b', 'c', '.', '..', ''), { maxLength: 4 }).map((steps) => steps.join('/')),
  fc.constantFrom('__proto__', 'constructor', 'a/__proto__/b', '/', '/a', '\0', 'ß/\uFFFD'),
  fc.string({ unit: 'binary' }),
);
const flags = (...names: string[]) => fc.record(Object.fromEntries(names.map((name) => [name, fc.boolean()])));
const ALL = { read: true, write: true, mutateDirectory: true };
const descriptorFlags = fc.oneof(fc.constant(ALL), flags('read', 'write', 'mutateDirectory'));
const openFlags = fc.oneof(fc.constant({ create: true }), flags('create', 'directory', 'exclusive', 'truncate'));
const bytes = fc.uint8Array({ maxLength: 40 });
const timestamp = fc.oneof(
  fc.constantFrom({ tag: 'no-change' }, { tag: 'now' }),
  fc.record({
    tag: fc.constant('timestamp'),
    val: fc.record({ seconds: fc.bigInt(0n, 2n ** 64n - 1n), nanoseconds: fc.nat({ max: 2 ** 32 - 1 }) }),
  }),
);

/** The arguments of each method, of the types in wasi:filesystem/types. A number represents a descriptor. */
const ARGUMENTS: Readonly<Record<string, fc.Arbitrary<readonly unknown[]>>> = {
  readViaStream: fc.tuple(u64),
  writeViaStream: fc.tuple(u64),
  appendViaStream: fc.constant([]),
  advise: fc.tuple(u64, u64, fc.constant('normal')),
  syncData: fc.constant([]),
  getFlags: fc.constant([]),
  getType: fc.constant([]),
  setSize: fc.tuple(u64),
  setTimes: fc.tuple(timestamp, timestamp),
  read: fc.tuple(u64, u64),
  write: fc.tuple(bytes, u64),
  readDirectory: fc.constant([]),
  sync: fc.constant([]),
  createDirectoryAt: fc.tuple(path),
  stat: fc.constant([]),
  statAt: fc.tuple(flags('symlinkFollow'), path),
  setTimesAt: fc.tuple(flags('symlinkFollow'), path, timestamp, timestamp),
  linkAt: fc.tuple(flags('symlinkFollow'), path, fc.nat(), path),
  openAt: fc.tuple(flags('symlinkFollow'), path, openFlags, descriptorFlags),
  readlinkAt: fc.tuple(path),
  removeDirectoryAt: fc.tuple(path),
  renameAt: fc.tuple(path, fc.nat(), path),
  symlinkAt: fc.tuple(path, path),
  unlinkFileAt: fc.tuple(path),
  isSameObject: fc.tuple(fc.nat()),
  metadataHash: fc.constant([]),
  metadataHashAt: fc.tuple(flags('symlinkFollow'), path),
};

const calls = fc.array(
  fc
    .constantFrom(...Object.keys(ARGUMENTS))
    .chain((method) => fc.record({ method: fc.constant(method), on: fc.nat({ max: 30 }), args: ARGUMENTS[method]! })),
  { minLength: 30, maxLength: 60 },
);

test('the file system answers every call with a result, an error of the standard, or a trap', () => {
  fc.assert(
    fc.property(calls, u64, (calls, length) => {
      const wasi = virtualWasi({
        grant: ['wasi:filesystem/preopens'],
        writableFiles: true,
        files: { 'a/b': '1', c: '2' },
      });
      const { getDirectories } = wasi.imports['wasi:filesystem/preopens@0.2.12'] as {
        getDirectories(): [[Descriptor, string]];
      };
      const root = getDirectories()[0][0];
      const open = [
        root,
        root.openAt({}, 'a', {}, { read: true, mutateDirectory: true }),
        root.openAt({}, 'a/b', {}, ALL),
        root.openAt({}, 'c', {}, ALL),
      ];
      const at = (index: number) => open[index % open.length]!;
      for (const { method, on, args } of calls) {
        const passed = args.map((each) => (typeof each === 'number' ? at(each) : each));
        try {
          const result: unknown = (at(on) as unknown as Record<string, (...args: unknown[]) => unknown>)[method]!(
            ...passed,
          );
          if (result instanceof Descriptor) open.push(result);
          else use(result, length);
        } catch (error) {
          assert.ok(isKnown(error), `${method}: ${String(error)}`);
        }
      }
      for (const each of open) each[Symbol.dispose]();
    }),
    { numRuns: 300 },
  );
});

function use(result: unknown, length: bigint): void {
  if (result instanceof DirectoryEntryStream) while (result.readDirectoryEntry() !== undefined);
  if (!(result instanceof InputStream || result instanceof OutputStream)) return;
  try {
    if (result instanceof InputStream) return void [result.read(length), result.skip(length)];
    result.write(Uint8Array.of(1, 2, 3));
    result.writeZeroes(length);
  } finally {
    result[Symbol.dispose]();
  }
}

test('free functions answer every number with a result, an error of the standard, or a trap', () => {
  const functions = WASI.flatMap(({ name, functions }) =>
    functions.filter(({ form }) => form === 'function').map((each): [string, WasiFunction] => [name, each]),
  ).filter(([name]) => !/wasi:(io|filesystem|sockets|http)/.test(name));
  fc.assert(
    fc.property(u64, fc.constantFrom(...functions), (number, [name, { member }]) => {
      const { imports } = virtualWasi({ grant: LANGUAGE_RUNTIME });
      const functions = imports[`${name}@0.2.12`] as Record<string, (argument: unknown) => unknown>;
      const key = member!.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
      try {
        functions[key]!(number);
      } catch (error) {
        assert.ok(isKnown(error), `${name}#${member}: ${String(error)}`);
      }
    }),
  );
});
