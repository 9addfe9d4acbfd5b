/** The check of a component against its world. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError, isTrap } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { dummyComponent, witSource } from './counting-guest.ts';

/** Returns the error for a component that does not match the world. */
async function misfit(wit: string, world: string): Promise<string> {
  const bytes = await dummyComponent(wit, world);
  const error: unknown = await loadModule(bytes).then(
    () => undefined,
    (error) => error,
  );
  assert.ok(isLinkError(error), String(error));
  return error.message;
}

describe('the fit of a component and its world', () => {
  for (const world of ['command-handler', 'process-manager', 'read-model'] as const) {
    test(`expects the types of wit/ for ${world}`, async () => {
      const bytes = await dummyComponent(witSource(), world);
      // Every function of a dummy traps. The trap shows that the component was not refused before.
      await assert.rejects(loadModule(bytes, { world }), isTrap);
    });
  }

  test('is refused with the name of a missing interface', async () => {
    assert.match(
      await misfit(witSource(), 'read-model'),
      /decider@0\.1\.0\n +expected: an interface\n +found: +nothing/,
    );
  });

  test('is refused with the expected and the found type of a function', async () => {
    const wit = witSource().replace(
      'schema-version: u32,\n    /// The message',
      'schema-version: u64,\n    /// The message',
    );
    const text = await misfit(wit, 'command-handler');
    assert.match(text, /types@0\.1\.0#\[method\]event\.to-envelope\n/);
    assert.match(text, /expected: func\(self: borrow<event>\) -> record \{ type: string, schema-version: u32, /);
    assert.match(text, /found: +func\(self: borrow<event>\) -> record \{ type: string, schema-version: u64, /);
  });

  test('is refused with the name of a missing function', async () => {
    const text = await misfit(witSource().replace('stream-id: func(', 'stream-name: func('), 'command-handler');
    assert.match(
      text,
      /routing@0\.1\.0#stream-id\n +expected: func\(command: borrow<command>\) -> .*\n +found: +nothing\n/,
    );
  });

  for (const [declared, otherwise, found] of [
    ['initial-state: func() -> state;', 'initial-state: async func() -> state;', 'async func() -> state'],
    ...[
      ['list<u8, 4>'],
      ['option<u8>'],
      ['tuple<u8, map<string, u8>>'],
      ['stream<u8>'],
      ['result', 'result<_, _>'],
      ['marks', 'flags { one, two }'],
      ['choice', 'enum { this, that }'],
    ].map(([type, shown = type]) => [
      'to-bytes: func() -> list<u8>;',
      `to-bytes: func() -> ${type};`,
      `func(self: borrow<state>) -> ${shown}`,
    ]),
  ] as [string, string, string][]) {
    test(`is refused with ${found} as the type that was found`, async () => {
      const wit = witSource()
        .replaceAll(declared, otherwise)
        .replace('interface types {', '$& flags marks { one, two } enum choice { this, that }');
      assert.ok((await misfit(wit, 'command-handler')).includes(`found:    ${found}\n`));
    });
  }

  test('must use the same state type in all interfaces', async () => {
    const wit = witSource().replace(
      'interface decider {\n  use messages.{rejection, fault};\n  use types.{command, event, state};',
      'interface decider {\n  use messages.{rejection, fault};\n  use types.{command, event};\n  resource state;',
    );
    assert.match(await misfit(wit, 'command-handler'), /found: +func\(\) -> state of another type/);
  });

  test('is refused for another version of the contract', async () => {
    const text = await misfit(witSource().replaceAll('eventsourcing@0.1.0', 'eventsourcing@0.2.0'), 'command-handler');
    assert.match(text, /it exports: decidable:eventsourcing\/types@0\.2\.0/);
  });

  test('accepts a later patch of the contract', async () => {
    const bytes = await dummyComponent(witSource().replaceAll('@0.1.0', '@0.1.7'), 'command-handler');
    await assert.rejects(loadModule(bytes), isTrap);
  });
});
