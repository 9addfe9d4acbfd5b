import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { countHits, differences, hitsOf, table } from '../../scripts/language/hits.ts';
import { PATTERNS } from '../../scripts/language/patterns.ts';
import { passagesOf } from '../../scripts/language/prose.ts';

/** The sentences that each pattern finds, and plain sentences that it does not find. */
const EXAMPLES: Readonly<Record<string, { readonly found: readonly string[]; readonly plain: readonly string[] }>> = {
  'question-word': {
    found: [
      'What the host keeps.',
      '\nWhat the guest keeps.',
      'It fails. Whether it may be retried is in the code.',
      '@returns what it took',
    ],
    plain: [
      'What does a decision cost?',
      '@returns whether the handle is live',
      '@throws TypeError whose message names it',
      'It knows what it keeps.',
    ],
  },
  'fronted-genitive': {
    found: ['Of the account that decides it.', 'A list of pairs: of each type the first one.'],
    plain: ['Of course it may fail.', 'It returns the first of each type.'],
  },
  'is-no': {
    found: ['The value is no handle.', 'It throws if the union is none.', 'the bytes are\nno component'],
    plain: ['There is no handle.', 'It is no longer live.', 'There are none.', 'The value is not a handle.'],
  },
  'be-meant': { found: ['An option that cannot be meant is refused.'], plain: ['It is meant for tests.'] },
  'nothing-said': {
    found: [
      'One page where nothing is said.',
      'How often to try. Undefined: 4.',
      'The last one; none: it is empty.',
      'Null: accepted.',
    ],
    plain: ['The value is undefined by default.', 'It returns none.'],
  },
  where: {
    found: [
      '@throws TypeError where it is closed',
      'Where it waits, the next one runs.',
      'absent where it returns nothing',
    ],
    plain: ['The offset where it begins.', 'It tells where the bytes end.', 'Where does the time go?'],
  },
  stands: {
    found: ['The name that stands before the dash.', 'The reason lies in the store.'],
    plain: ['The letter stands for a set.', 'The clock stands still.', 'You understand it.'],
  },
  beside: { found: ['It is replaced beside.'], plain: ['It does more besides.'] },
  behind: {
    found: ['The bytes behind the section.'],
    plain: [
      'A component behind the same interface.',
      'It leaves nothing behind.',
      'A module keeps messages behind handles.',
    ],
  },
  'in-the-place-of': {
    found: ['A list in the place of a set.', 'An error in place of a crash.'],
    plain: ['It is in place.'],
  },
  'at-once': { found: ['All of them at once.'], plain: ['It runs once.'] },
  'old-adverb': {
    found: ['It is loaded anew.', 'What happens meanwhile is lost.'],
    plain: ['In the meantime, it waits.'],
  },
  forward: {
    found: ['Old versions are brought forward.', 'It brings old ones forward.'],
    plain: ['It reads forward.'],
  },
  'goes-on': { found: ['The instance goes on.'], plain: ['The instance continues.'] },
  'come-by': { found: ['No handle can be come by.'], plain: ['They come from a store.'] },
  gives: { found: ['It gives the first value.'], plain: ['It gives up.', 'Give it a name.'] },
  told: {
    found: ['The caller is told.', 'Two names are told apart.', 'It can be told from another.'],
    plain: ['Tell the caller.', 'It tells the caller the reason.'],
  },
  whoever: { found: ['It is for whoever reads it.'], plain: ['It is for people who read it.'] },
  'clause-heading': {
    found: ['How often it is tried.', 'Why the runner\nstopped.', 'To be called first.', 'By key: the events.'],
    plain: ['How to begin', 'How it works', 'The number of tries.', 'How often does it fail?'],
  },
  'reason-after-colon': {
    found: ['The stack is left out: it has paths.', 'One call for all: they are\nwritten together.'],
    plain: ['cannot drop the handle: it is lent to a call', 'The parts: commands and events.', 'It has paths.'],
  },
  'undefined-if': {
    found: ['The last revision; undefined if the stream has no events.', 'The name. Undefined once it was dropped.'],
    plain: ['The name, or undefined if it has none.', 'It is undefined if the stream has no events.'],
  },
  'old-spelling': {
    found: [
      'It ends after the time-out.',
      'A run-time library reads the clock.',
      'It waits for ever.',
      'It is handed over.',
    ],
    plain: ['It ends after the timeout.', 'The runtime library reads it at run time.', 'It is right for every reader.'],
  },
  calque: {
    found: ['Notes that the call was made.', 'A reactor of whatever kinds.', 'The key comes twice.'],
    plain: ['Records the call.', 'A reactor of any kind.', 'The key is duplicated.'],
  },
  metaphor: { found: ['A decider in other clothes.', 'The call was called off.'], plain: ['The call was cancelled.'] },
};

const namesIn = (text: string) => [...new Set(hitsOf('a.md', text).map(({ pattern }) => pattern.name))];

describe('the patterns of language', () => {
  test('each have examples', () => {
    assert.deepEqual(PATTERNS.map(({ name }) => name).toSorted(), Object.keys(EXAMPLES).toSorted());
  });

  for (const [name, { found, plain }] of Object.entries(EXAMPLES)) {
    for (const text of found) {
      test(`${name} finds: ${text}`, () => assert.ok(namesIn(text).includes(name)));
    }
    for (const text of plain) {
      test(`${name} leaves alone: ${text}`, () => assert.ok(!namesIn(text).includes(name)));
    }
  }
});

describe('the prose of a file', () => {
  test('is the comments and the texts of a TypeScript file', () => {
    const source = [
      '/** Returns the first',
      ' * of them. */',
      "const gives = 'it gives';",
      '// One line,',
      '// and the next.',
      `throw new Error(\`no \${x} here today\`);`,
    ].join('\n');
    assert.deepEqual(passagesOf('a.ts', source), [
      { text: 'Returns the first\nof them.', line: 1 },
      { text: 'it gives', line: 3 },
      { text: 'One line,\nand the next.', line: 4 },
      { text: 'no x here today', line: 6 },
    ]);
  });

  test('leaves out code, names in backticks, addresses and the targets of links', () => {
    const source = 'Use `where it is no handle` of [the page](where/it/lies.md) or https://where.it/lies now.';
    assert.deepEqual(passagesOf('a.md', source), [{ text: 'Use x of [the page]x or x now.', line: 1 }]);
  });

  test('is paragraphs, items, cells and the comments of fences in a Markdown file', () => {
    const source = [
      '# One title',
      'One text,',
      'two lines.',
      '- one item',
      '',
      '```sh',
      '# one comment',
      'ls',
      '```',
      '| a | one cell |',
    ];
    assert.deepEqual(
      passagesOf('a.md', source.join('\n')).map(({ text, line }) => [line, text]),
      [
        [1, 'One title'],
        [2, 'One text,\ntwo lines.'],
        [4, 'one item'],
        [7, 'one comment'],
        [10, 'one cell'],
      ],
    );
  });

  for (const [path, source] of [
    ['a.wit', '/// Takes one state.\nrecord a {}'],
    ['a.rs', '//! Takes one state.\nfn a() {}'],
    ['a.c', '/* Takes one state. */'],
    ['a.sh', '#!/bin/bash\n# Takes one state.\nls'],
  ] as const) {
    test(`is the comments of ${path}`, () => {
      assert.deepEqual(
        passagesOf(path, source).map(({ text }) => text.trim()),
        ['Takes one state.'],
      );
    });
  }
});

test('a hit has the line of the file on which it begins', () => {
  const hits = hitsOf('a.ts', ['/**', ' * A value.', ' * It is', ' * no handle.', ' */'].join('\n'));
  assert.deepEqual(
    hits.map(({ line, pattern }) => [line, pattern.name]),
    [[3, 'is-no']],
  );
});

describe('a comment of more than 120 columns', () => {
  const wide = `A value ${'that is wide '.repeat(10)}`;
  const widthsOf = (path: string, source: string) =>
    hitsOf(path, source).flatMap(({ line, pattern }) => (pattern.name === 'wide-comment' ? [line] : []));

  for (const [path, source] of [
    ['a.ts', `/**\n * ${wide}\n */`],
    ['a.rs', `fn a() {}\n/// ${wide}`],
    ['a.c', `int a;\n/* ${wide} */`],
    ['a.sh', `ls\n# ${wide}`],
  ] as const) {
    test(`is found in ${path}`, () => {
      assert.deepEqual(widthsOf(path, source), [2]);
    });
  }

  test('is a comment, and not a text or a document', () => {
    assert.deepEqual(widthsOf('a.ts', `a('${wide}')`), []);
    assert.deepEqual(widthsOf('a.md', wide), []);
  });

  test('is measured in characters, not in bytes', () => {
    assert.deepEqual(widthsOf('a.ts', `// ${'µ'.repeat(110)}`), []);
  });
});

describe('the list of exceptions', () => {
  const found = countHits([...hitsOf('b.md', 'It gives one. It gives two.'), ...hitsOf('a.md', 'All at once.')]);

  test('is sorted by file', () => {
    assert.deepEqual(Object.keys(found), ['a.md', 'b.md']);
  });

  test('allows exactly its own numbers', () => {
    assert.deepEqual(differences(found, { 'a.md': { 'at-once': 1 }, 'b.md': { gives: 2 } }), []);
  });

  test('reports more hits and fewer hits', () => {
    assert.deepEqual(differences(found, { 'b.md': { gives: 3 } }), [
      { path: 'a.md', pattern: 'at-once', allowed: 0, found: 1 },
      { path: 'b.md', pattern: 'gives', allowed: 3, found: 2 },
    ]);
  });

  test('reports a file that does not exist', () => {
    assert.deepEqual(differences({}, { 'c.md': { gives: 1 } }), [
      { path: 'c.md', pattern: 'gives', allowed: 1, found: 0 },
    ]);
  });
});

test('the table of counts sums folders and patterns', () => {
  const counts = { 'src/core/a.ts': { gives: 2, where: 1 }, 'docs/a.md': { gives: 1 } };
  const rows = table(counts)
    .split('\n')
    .map((row) => row.trim().split(/ {2,}/));
  assert.deepEqual(rows.at(0), ['docs', 'src/core', 'all']);
  assert.deepEqual(
    rows.find(([name]) => name === 'gives'),
    ['gives', '1', '2', '3'],
  );
  assert.deepEqual(rows.at(-1), ['all', '1', '3', '4']);
});
