/** The errors of a build: each has a code, and the place of the problem if there is one. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { BuildError, type BuildErrorCode, buildComponent } from 'decidable/build';

const folder = mkdtempSync(join(tmpdir(), 'decidable-build-'));
after(() => rmSync(folder, { recursive: true }));

/** A definition that is only built far enough to be found. */
const DEFINITION = `
  const state = { fromBytes: (bytes) => bytes, toBytes: (state) => state };
  const projector = { describe: () => ({ name: 'model', version: '1' }), initialState: () => new Uint8Array(0) };
  const definition = { types: { state }, projector };`;

/** Builds a file with this content. Returns the error with its place as `file:line:column`. */
async function failure(name: string, content: string, exportName?: string) {
  const file = join(folder, name);
  writeFileSync(file, content);
  try {
    await buildComponent(file, { export: exportName });
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    const { file: main, place, subject } = error.payload;
    assert.equal(main, file);
    const at = place && `${basename(resolve(place.file))}:${place.line}:${place.column}`;
    return { code: error.code, at, subject, message: error.message };
  }
  return assert.fail('expected an error');
}

function names(error: { code: BuildErrorCode; at: string | undefined; subject: string | undefined }) {
  return [error.code, error.at, error.subject];
}

describe('a file that cannot be built', () => {
  test('is reported with the place of a syntax error', async () => {
    const error = await failure('syntax.ts', 'export const one = 1;\nexport const = 2;\n');
    assert.deepEqual(names(error), ['compile-failed', 'syntax.ts:2:14', undefined]);
  });

  test('is reported with the place of an import that is not found', async () => {
    const error = await failure('missing.ts', "import { a } from './nowhere.ts';\nexport default a;\n");
    assert.deepEqual(names(error), ['compile-failed', 'missing.ts:1:19', undefined]);
  });

  test('is reported if it does not exist', async () => {
    await assert.rejects(
      buildComponent(join(folder, 'nowhere.ts')),
      (error) => error instanceof BuildError && error.code === 'compile-failed',
    );
  });

  for (const name of ['node:fs', 'fs', 'crypto', 'node:sqlite']) {
    test(`is reported with the place of its import of ${name}`, async () => {
      const error = await failure('imports.ts', `\nimport * as all from '${name}';\nexport default all;\n`);
      assert.deepEqual(names(error), ['unavailable-import', 'imports.ts:2:22', name]);
    });
  }

  test('is reported with the place of an await that is not in a function', async () => {
    const error = await failure('await.ts', '\nexport const one = await Promise.resolve(1);\n');
    assert.deepEqual(names(error), ['compile-failed', 'await.ts:2:20', 'await']);
  });

  test('is reported with the place at which it uses import.meta', async () => {
    const error = await failure('meta.ts', '\nexport const url = import.meta.url;\n');
    assert.deepEqual(names(error), ['unavailable-import', 'meta.ts:2:20', 'import.meta']);
  });

  test('is reported if it is a folder', async () => {
    await assert.rejects(buildComponent(folder), { code: 'compile-failed', payload: { file: folder } });
  });

  test('may import a package that has the name of a module of Node', async () => {
    mkdirSync(join(folder, 'node_modules/buffer'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/buffer/index.js'), 'export default 5;');
    const error = await failure('own.ts', "import value from 'buffer';\nexport const a = value;\n");
    assert.deepEqual(names(error), ['no-definition', undefined, undefined]);
  });
});

describe('a module that cannot be loaded', () => {
  const CLOCKS_AND_CHANCE = {
    'Date.now()': 'Date.now()',
    'new Date()': 'new Date()',
    'Date()': 'Date()',
    'performance.now()': 'performance.now()',
    'Math.random()': 'Math.random()',
    'crypto.randomUUID()': 'crypto.randomUUID()',
  };
  for (const [expression, subject] of Object.entries(CLOCKS_AND_CHANCE)) {
    test(`is reported with the place at which it calls ${expression}`, async () => {
      const error = await failure('chance.ts', `const one = 1;\nexport const two = [one, ${expression}];\n`);
      assert.deepEqual(
        [error.code, error.at?.slice(0, 11), error.subject],
        ['indeterminate-load', 'chance.ts:2', subject],
      );
    });
  }

  test('is reported if it hides that it has read the clock', async () => {
    const content = `let time = 0;\ntry { time = Date.now(); } catch {}\n${DEFINITION}\nexport default definition;\n`;
    const error = await failure('hidden.js', content);
    assert.deepEqual([error.code, error.subject], ['indeterminate-load', 'Date.now()']);
  });

  test('is reported with the place at which it throws', async () => {
    const error = await failure(
      'throws.ts',
      "\nexport function fail(): never {\n  throw new Error('no');\n}\nfail();\n",
    );
    assert.deepEqual([error.code, error.at], ['load-failed', 'throws.ts:3:9']);
    assert.match(error.message, /: no$/);
  });

  test('is reported with the place of a global that a component does not have', async () => {
    const error = await failure('process.ts', "export const home = process.env['HOME'];\n");
    assert.deepEqual([error.code, error.at], ['load-failed', 'process.ts:1:21']);
    const locale = await failure(
      'locale.ts',
      "\nexport const sorted = ['b', 'a'].sort((a, b) => a.localeCompare(b));\n",
    );
    assert.deepEqual(names(locale), ['load-failed', 'locale.ts:2:51', 'String.prototype.localeCompare()']);
  });
});

describe('a file without the definition to build', () => {
  test('is reported with the names that it exports', async () => {
    const error = await failure('none.ts', 'export const one = 1;\nexport default () => 2;\n');
    assert.deepEqual(names(error), ['no-definition', undefined, undefined]);
    assert.match(error.message, /default, one/);
  });

  test('is reported if there are several definitions and none is chosen', async () => {
    const error = await failure('two.js', `${DEFINITION}\nexport const a = definition;\nexport const b = { ...a };\n`);
    assert.deepEqual(names(error), ['no-definition', undefined, undefined]);
    assert.match(error.message, /a, b/);
  });

  test('is reported if the chosen export does not exist, or is something else', async () => {
    const content = `${DEFINITION}\nexport const a = definition;\nexport const other = 1;\n`;
    assert.deepEqual(names(await failure('b.js', content, 'b')), ['no-definition', undefined, 'b']);
    assert.deepEqual(names(await failure('other.js', content, 'other')), ['no-definition', undefined, 'other']);
  });
});

test('an unknown option is refused', async () => {
  await assert.rejects(buildComponent('account.ts', { exports: 'a' } as never), { code: 'invalid-definition' });
});
