/** Readable texts and tables. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { Output, oneLine } from '../../../src/adapters/cli/output.ts';
import { decidable } from './program.ts';

/** Returns the text that is written to a stream that is not a terminal. */
async function written(write: (output: Output) => Promise<void>): Promise<string> {
  const stream = new PassThrough();
  const whole = text(stream);
  await write(new Output(stream, false, () => {}));
  stream.end();
  return whole;
}

describe('a table', () => {
  test('aligns columns by the width of their characters, and numbers to the right', async () => {
    const table = await written((output) =>
      output.table({
        head: ['name', 'count'],
        rows: [
          ['账户', '7'],
          ['a', '1000'],
        ],
        numbers: ['count'],
      }),
    );
    assert.equal(table, 'name  count\n账户      7\na      1000\n');
  });

  test('keeps a stored line break in its row', async () => {
    const table = await written((output) => output.table({ head: ['key'], rows: [['a\nb']] }));
    assert.equal(table, 'key\na\\u000ab\n');
  });
});

test('a stored text cannot move the cursor of the terminal', () => {
  assert.equal(oneLine('\u001b[2Jempty\u009b1A'), '\\u001b[2Jempty\\u009b1A');
});

describe('the colours of the program', () => {
  const ESCAPE = '\u001b[';

  test('appear if they are forced, and not in a pipe', async () => {
    const [piped, forced] = [
      await decidable(['describe']),
      await decidable(['describe'], { env: { FORCE_COLOR: '1' } }),
    ];
    assert.deepEqual([piped.stdout.includes(ESCAPE), forced.stdout.includes(ESCAPE)], [false, true]);
  });
});
