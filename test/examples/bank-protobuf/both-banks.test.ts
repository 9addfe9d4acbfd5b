/** The bank with types of zod and the bank with types of a `.proto`. They differ only in their bytes. */

import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type CommandResult,
  createEventSourcer,
  type DispatchOptions,
  isCommandFailure,
  type RecordedEvent,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { account as zod } from '../../../examples/bank/account.ts';
import { readLines } from '../../../examples/bank/cli/read-lines.ts';
import { account as proto } from '../../../examples/bank-protobuf/account.ts';
import { Status } from '../../../examples/bank-protobuf/generated/bank_pb.ts';

const COMMANDS = new URL('../../../examples/bank/commands.ndjson', import.meta.url);
const NAMES = new Map<Status, string>([
  [Status.NONE, 'none'],
  [Status.OPEN, 'open'],
  [Status.CLOSED, 'closed'],
]);

/** The lines of the file that are JSON objects with a type, both valid and invalid. */
async function* framed() {
  for await (const { text } of readLines(createReadStream(COMMANDS))) {
    try {
      const { id, type, data } = JSON.parse(text ?? '');
      yield { id: String(id), command: { type, data } };
    } catch {
      // A line that is not JSON does not reach the bank.
    }
  }
}

/** Returns the outcome of a command as values of the domain. */
async function outcomeOf(
  sourcer: { dispatch(command: never, options: DispatchOptions): Promise<CommandResult> },
  command: unknown,
  commandId: string,
  read: (event: RecordedEvent) => unknown,
): Promise<unknown> {
  try {
    const { outcome, events, stream, revision, duplicate } = await sourcer.dispatch(command as never, { commandId });
    const context = events.map(({ context: { id, revision } }) => ({ id, revision }));
    return { outcome, events: events.map(read), context, stream, revision, duplicate };
  } catch (error) {
    assert.ok(isCommandFailure(error), String(error));
    return { failure: error.code };
  }
}

test('the same commands lead to equal events, rejections and states', async () => {
  const zodSourcer = createEventSourcer({ store: createMemoryStore(), modules: [zod] });
  const protoSourcer = createEventSourcer({ store: createMemoryStore(), modules: [proto] });
  const streams = new Set<string>();
  let failures = 0;
  for await (const { id, command } of framed()) {
    const expected = await outcomeOf(zodSourcer, command, id, ({ event }) => zod.types.event.fromEnvelope(event));
    const actual = await outcomeOf(protoSourcer, command, id, ({ event }) => proto.types.event.fromEnvelope(event));
    assert.deepEqual(actual, expected, JSON.stringify(command));
    if (typeof expected === 'object' && expected !== null && 'failure' in expected) failures += 1;
    if (typeof command.data?.accountId === 'string') streams.add(`account-${command.data.accountId}`);
  }
  assert.ok(failures > 10, 'wrong shapes are among them');
  assert.ok(streams.size > 500);
  for (const stream of streams) {
    const { state, revision } = await protoSourcer.state(proto, stream);
    const expected = await zodSourcer.state(zod, stream);
    assert.deepEqual({ ...state, status: NAMES.get(state.status) }, expected.state);
    assert.equal(revision, expected.revision);
  }
});

test('both have the same description, except for the content type', () => {
  const { contentType: _, ...described } = proto.routing.describe();
  const { contentType: __, ...expected } = zod.routing.describe();
  assert.deepEqual(described, expected);
});

test('the generated code names every message and field of the .proto', () => {
  const folder = new URL('../../../examples/bank-protobuf/', import.meta.url);
  const source = readFileSync(new URL('bank.proto', folder), 'utf8');
  const generated = readFileSync(new URL('generated/bank_pb.ts', folder), 'utf8');
  for (const [, name] of source.matchAll(/^message (\w+)/gm))
    assert.ok(generated.includes(`from message bank.${name}`), name);
  for (const [field] of source.matchAll(/^ +(optional )?\w+ \w+ = \d+;/gm)) {
    assert.ok(
      generated.includes(`from field: ${field.trim()}`) || generated.includes(field.trim().replace(/;$/, '')),
      field,
    );
  }
});
