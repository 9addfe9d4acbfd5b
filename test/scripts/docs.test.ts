import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { anchors, deadLinks } from '../../scripts/docs/links.ts';
import { fileComment, publicSymbols } from '../../scripts/docs/public-symbols.ts';
import { docstring, fileNameOf, reference, type Subpath } from '../../scripts/docs/reference.ts';

function reader(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`there is no ${path}`);
    return text;
  };
}

const subpath = (name: string, text: string): Subpath => {
  const read = reader({ 'index.ts': text });
  return { name, intro: fileComment('index.ts', read), symbols: publicSymbols('index.ts', read) };
};

describe('the public symbols of a file', () => {
  test('include re-exports, renamed and imported ones too', () => {
    const read = reader({
      'index.ts':
        "export { a as b } from './a.ts';\nexport * from './c/c.ts';\nimport { a } from './a.ts';\nexport { a };",
      'a.ts': '/** A function. */\nexport declare function a(): void;',
      'c/c.ts': "/** A type. */\nexport type C = string;\nexport type * from '../d.ts';",
      'd.ts': '/** A class. */\nexport declare class D {}\n/** A constant. */\nexport declare const d: D;\ntype E = D;',
    });
    assert.deepEqual(
      publicSymbols('index.ts', read).map(({ name, kind, doc, file }) => [name, kind, doc, file]),
      [
        ['b', 'function', 'A function.', 'a.ts'],
        ['C', 'type', 'A type.', 'c/c.ts'],
        ['D', 'class', 'A class.', 'd.ts'],
        ['d', 'constant', 'A constant.', 'd.ts'],
        ['a', 'function', 'A function.', 'a.ts'],
      ],
    );
  });

  test('have the docstring of their first overload', () => {
    const text = '/** Both. */\nexport declare function f(): 1;\nexport declare function f(a: 1): 2;';
    const [f, ...others] = publicSymbols('f.ts', reader({ 'f.ts': text }));
    assert.equal(others.length, 0);
    assert.equal(f?.doc, 'Both.');
    assert.equal(f.declaration, 'export declare function f(): 1;\nexport declare function f(a: 1): 2;');
  });

  test('have no docstring if another statement comes between', () => {
    const text = '/** The first. */\nexport type A = 1;\nexport type B = 2;';
    assert.deepEqual(
      publicSymbols('a.ts', reader({ 'a.ts': text })).map(({ doc, line }) => [doc, line]),
      [
        ['The first.', 2],
        [undefined, 3],
      ],
    );
  });

  test('must be declared', () => {
    assert.throws(() => publicSymbols('a.ts', reader({ 'a.ts': 'export { missing };' })), /a\.ts exports missing/);
  });
});

describe('a docstring', () => {
  test('is a string and block tags, which may begin within a line', () => {
    assert.deepEqual(docstring('Closes it. @throws TypeError if it is open.\n@default 4'), {
      text: 'Closes it.',
      tags: [
        { name: 'throws', text: 'TypeError if it is open.' },
        { name: 'default', text: '4' },
      ],
    });
  });

  test('keeps an at sign that is part of code or of a word', () => {
    const text = 'Imports `@scope/name`, a@b.example and\n```ts\nimport "@scope/name";\n```';
    assert.deepEqual(docstring(text), { text, tags: [] });
  });
});

describe('the reference', () => {
  const stores = subpath(
    'decidable/storage',
    `/** Stores. */
/**
 * Opens a {@link Store}; see {@link Types | the types}.
 * @throws Failure if {@link Missing} is missing.
 * @example open();
 */
export declare function open(options: Options): Store;
/** A store. */
export interface Store {
    /** Closes the {@link Store}. */
    close(): void;
}
/** A group of types. */
export interface Types {}`,
  );
  const root = subpath('decidable', '/** Fails. */\nexport declare class Failure { #private; }');
  const { pages, unknown } = reference([root, stores]);
  const page = pages.get('storage.md') ?? '';

  test('has a page for each subpath, and one that lists all symbols', () => {
    assert.deepEqual([...pages.keys()], ['index.md', 'decidable.md', 'storage.md']);
    assert.equal(fileNameOf('decidable/codecs/json'), 'codecs-json.md');
    assert.match(pages.get('index.md') ?? '', /\[open\]\(storage\.md#open\), \[Store\]\(storage\.md#store\)/);
  });

  test('links symbols of its own page and of other pages', () => {
    assert.match(page, /Opens a \[`Store`\]\(#store\); see \[the types\]\(#types-1\)\./);
    assert.match(page, /\*\*Throws\*\*: \[Failure\]\(decidable\.md#failure\) if `Missing` is missing\./);
    assert.match(page, /\nUses: \[Store\]\(#store\)\.\n/);
  });

  test('shows declarations as an editor does', () => {
    assert.match(page, /```ts\nfunction open\(options: Options\): Store;\n```/);
    assert.match(page, /```ts\ninterface Store \{\n {2}\/\*\* Closes the Store\. \*\/\n {2}close\(\): void;\n\}\n```/);
    assert.match(page, /Example:\n\n```ts\nopen\(\);\n```/);
  });

  test('reports links to names that no subpath exports', () => {
    assert.deepEqual(
      unknown.map(({ symbol, name }) => [symbol?.name, name]),
      [['open', 'Missing']],
    );
  });

  test('has no dead links', () => {
    const files = [...pages.keys()];
    assert.deepEqual(
      deadLinks(files, { exists: (path) => pages.has(path), read: (path) => pages.get(path) ?? '' }),
      [],
    );
  });
});

describe('the anchors of a page', () => {
  test('are those of GitHub', () => {
    const page =
      '# The `wit/` folder\n## It’s §3, twice\n```sh\n# not a heading\n```\n## It’s §3, twice\n### [A link](a.md)';
    assert.deepEqual(anchors(page), ['the-wit-folder', 'its-3-twice', 'its-3-twice-1', 'a-link']);
  });
});

describe('dead links', () => {
  const files: Readonly<Record<string, string>> = {
    'README.md': '# Title\n[a](docs/a.md#part) [b](docs/) [c](https://example.com/none) [d](#title) [e](LICENSE)',
    LICENSE: '',
    'docs/a.md': '# A\n## Part\n[root](../README.md) `[code](none.md)`\n\n```md\n[code](none.md)\n```',
    'docs/dead.md': 'One\n[a](none.md)\n[b](a.md#none)\n[c](/docs/a.md)\n[d](../LICENSE#x)\n[e]: none.md',
  };
  const tree = {
    exists: (path: string) => path in files || path === 'docs/',
    read: reader(files),
  };

  test('are not reported in files whose links have a target', () => {
    assert.deepEqual(deadLinks(['README.md', 'docs/a.md'], tree), []);
  });

  test('are named with their line', () => {
    assert.deepEqual(
      deadLinks(['docs/dead.md'], tree).map(({ line, target }) => [line, target]),
      [
        [2, 'none.md'],
        [3, 'a.md#none'],
        [4, '/docs/a.md'],
        [5, '../LICENSE#x'],
        [6, 'none.md'],
      ],
    );
  });
});
