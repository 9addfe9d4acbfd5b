/**
 * An independent engine agrees: wasmtime runs the same components and commands, and returns the same bytes as the
 * component host of this library.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Envelope, type Fault, isFault, isRejection, type Rejection } from 'decidable';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import fc from 'fast-check';
import { built } from '../adapters/component/build/built.ts';
import { commands, envelope } from '../adapters/component/host/bank-arbitraries.ts';
import { builtGuestPath, skipGuest } from './built-guest.ts';

const packages = fileURLToPath(new URL('../../.cache/wasmtime', import.meta.url));
const script = fileURLToPath(new URL('run_guest.py', import.meta.url));
const skip =
  process.env['CI'] !== 'true' &&
  !existsSync(join(packages, 'wasmtime/component')) &&
  'wasmtime is not installed: run .ci/install-toolchains';

const folder = mkdtempSync(join(tmpdir(), 'decidable-wasmtime-'));
after(() => rmSync(folder, { recursive: true }));

type Story = readonly Envelope[];

/** Random stories, and commands that the guest cannot read. */
function stories(): readonly Story[] {
  const broken = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((payload) => ({ type: 'Deposit', schemaVersion: 1, payload })),
    fc.string({ maxLength: 10 }).map((type) => envelope(type, { accountId: '1' })),
    fc.constant(envelope('Deposit', { accountId: '1', amount: 5 }, 2)),
  );
  const withBroken = fc.tuple(commands, fc.array(broken, { maxLength: 5 })).map(([all, some]) => [...all, ...some]);
  return fc.sample(withBroken, { numRuns: 60, seed: 20_261_130 });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const parts = ({ type, schemaVersion, payload }: Envelope) => [type, schemaVersion, hex(payload)];

/** Runs a story in this process, and returns the answers in the form that the script prints. */
function run({ types, decider, routing }: ComponentCommandHandler, story: Story): unknown[] {
  let state = decider.initialState();
  const answers = story.map((sent, position) => {
    const command = outcomeOf(() => types.command.fromEnvelope(sent));
    if ('failure' in command) return { fault: command.failure };
    const stream = outcomeOf(() => routing.streamId(command.value));
    const decided = outcomeOf(() => decider.decide(state, command.value));
    types.command.drop(command.value);
    const answer = { stream: 'failure' in stream ? stream.failure : stream.value };
    const outcome =
      'failure' in decided
        ? { rejection: decided.failure }
        : { events: decided.value.map((event) => parts(types.event.toEnvelope(event))) };
    for (const event of 'failure' in decided ? [] : decided.value) {
      state = decider.evolve(state, event);
      types.event.drop(event);
    }
    const encoded = types.state.toBytes(state);
    if (position % 3 === 0) {
      types.state.drop(state);
      state = types.state.fromBytes(encoded);
    }
    return { ...answer, ...outcome, state: hex(encoded) };
  });
  types.state.drop(state);
  return answers;
}

/** Returns the value, or the fault or rejection that was thrown. */
function outcomeOf<Value>(call: () => Value): { readonly value: Value } | { readonly failure: Fault | Rejection } {
  try {
    return { value: call() };
  } catch (error) {
    if (isFault(error) || isRejection(error)) return { failure: { ...error.payload } };
    throw error;
  }
}

describe('wasmtime', { skip }, () => {
  const root = new URL('../../', import.meta.url);
  const checkedIn = (language: string) => fileURLToPath(new URL(`examples/guests/${language}/bank.wasm`, root));
  const files: Readonly<Record<string, () => string | Promise<string>>> = {
    c: () => checkedIn('c'),
    rust: () => checkedIn('rust'),
    assemblyscript: () => checkedIn('assemblyscript'),
    go: () => builtGuestPath('go'),
    // It imports no WASI, like the other guests (examples/guests/python/build.sh).
    python: () => builtGuestPath('python'),
    typescript: async () => {
      const { component } = await built(new URL('examples/bank/account.ts', root), 'account');
      const file = join(folder, 'account.wasm');
      writeFileSync(file, component);
      return file;
    },
  };
  for (const [language, fileOf] of Object.entries(files)) {
    const skip = (language === 'go' || language === 'python') && skipGuest(language);
    test(`returns the same bytes for the guest in ${language}`, { skip }, async () => {
      const file = await fileOf();
      const module = await loadModule(readFileSync(file));
      const all = stories();
      const { status, stdout, stderr } = spawnSync('python3', ['-B', script, file], {
        input: JSON.stringify(all.map((story) => story.map(parts))),
        env: { ...process.env, PYTHONPATH: packages },
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      assert.equal(status, 0, stderr);
      const ours = all.map((story) => run(module, story));
      assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(ours)));
      const answers = ours.flat() as readonly object[];
      for (const kind of ['events', 'rejection', 'fault']) {
        assert.ok(
          answers.some((answer) => kind in answer),
          `the stories led to no ${kind}`,
        );
      }
      assert.equal(module.statistics.handles, 0);
    });
  }
});
