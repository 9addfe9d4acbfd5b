import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { difference } from './outline.ts';
import { readTypeScript } from './typescript-reader.ts';
import { readWit } from './wit-reader.ts';

const root = new URL('../../', import.meta.url);
const names = readdirSync(new URL('wit/', root)).map((file) => file.replace(/\.wit$/, ''));
const wit = (name: string) => readFileSync(new URL(`wit/${name}.wit`, root), 'utf8');
const typescript = (name: string) => readFileSync(new URL(`src/core/${name}.ts`, root), 'utf8');

for (const name of names) {
  test(`src/core/${name}.ts has the declarations of wit/${name}.wit in the same order`, () => {
    assert.equal(difference(readWit(name, wit(name)), readTypeScript(name, typescript(name))), '');
  });
}

test('the nine files of the contract are compared', () => {
  assert.deepEqual(names.toSorted(), [
    'decider',
    'event-handler',
    'event-sourcer',
    'event-store',
    'messages',
    'projector',
    'routing',
    'types',
    'worlds',
  ]);
});

/**
 * Returns versions of a file, each with one line omitted or swapped with the next, as after a careless edit of one
 * side.
 */
function edits(text: string): readonly string[] {
  const lines = text.split('\n');
  const isCode = (line: string | undefined) =>
    line !== undefined && /^ {2,4}(readonly |[|a-z%]).*[;,)}'"a-z]$/.test(line);
  return lines.flatMap((line, at) => {
    if (!isCode(line)) return [];
    const without = lines.toSpliced(at, 1).join('\n');
    const next = lines[at + 1];
    return isCode(next) ? [without, lines.toSpliced(at, 2, next ?? '', line).join('\n')] : [without];
  });
}

for (const name of names) {
  test(`a missing or moved line of wit/${name}.wit is detected`, () => {
    const mirror = readTypeScript(name, typescript(name));
    const changed = edits(wit(name)).filter((text) => !sameButForUse(text, wit(name)));
    assert.ok(changed.length > 0);
    for (const text of changed) {
      let seen: string;
      try {
        seen = difference(readWit(name, text), mirror);
      } catch (error) {
        seen = String(error);
      }
      assert.notEqual(seen, '', `not seen:\n${text}`);
    }
  });
}

/** `use` lines name the origin of a name. wasm-tools checks them, and the mirror does not contain them. */
function sameButForUse(one: string, other: string): boolean {
  const strip = (text: string) => text.replace(/^\s*use [^;]*;\n/gm, '');
  return strip(one) === strip(other);
}

test('a difference shows both sides', () => {
  const changed = wit('messages').replace('schema-version: u32', 'schema-version: u64');
  const shown = difference(readWit('messages', changed), readTypeScript('messages', typescript('messages')));
  assert.match(shown, /≠ +schemaVersion: bigint +\| +schemaVersion: number/);
});

test('an error that the docstring does not name is detected', () => {
  const changed = typescript('decider').replace('@throws RejectionError', 'throws RejectionError');
  assert.match(
    difference(readWit('decider', wit('decider')), readTypeScript('decider', changed)),
    /throws RejectionError/,
  );
});

test('an option that callers cannot omit is refused', () => {
  const changed = typescript('event-store').replace('readonly limit?: number', 'readonly limit: number');
  assert.throws(() => readTypeScript('event-store', changed), /ReadStreamOptions\.limit/);
});

test('a field that callers may omit without being an option is refused', () => {
  const changed = typescript('event-store').replace('readonly direction: D', 'readonly direction?: D');
  assert.throws(() => readTypeScript('event-store', changed), /ReadStreamOptions\.direction/);
});
