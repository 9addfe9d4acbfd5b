import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Line, MAX_LINE_BYTES, readLines } from '../../../../examples/bank/cli/read-lines.ts';

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(input: string | Uint8Array, size = 7): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(inChunks(Buffer.from(input), size))) lines.push(line);
  return lines;
}

const codes = (lines: readonly Line[]) =>
  lines.map((line) => (line.text === undefined ? line.problem.code : line.text));

test('lines are numbered from 1, empty ones too', async () => {
  assert.deepEqual(await linesOf('a\n\nc\n'), [
    { number: 1, text: 'a' },
    { number: 2, text: '' },
    { number: 3, text: 'c' },
  ]);
});

test('the last line needs no line break', async () => {
  assert.deepEqual(codes(await linesOf('a\nb')), ['a', 'b']);
  assert.deepEqual(codes(await linesOf('')), []);
});

test('a line may end with CRLF, and the file may begin with a byte order mark', async () => {
  assert.deepEqual(codes(await linesOf('\ufeffa\r\nb\ufeff\r\n\r\n')), ['a', 'b\ufeff', '']);
});

test('the lines do not depend on the chunks of bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary' }).map((text) => text.replace(/[\n\r\ufeff]/g, ' '))),
      fc.integer({ min: 1, max: 50 }),
      async (texts, size) => {
        const input = texts.map((text) => `${text}\n`).join('');
        assert.deepEqual(codes(await linesOf(input, size)), texts);
      },
    ),
  );
});

test('a line of one byte more than the limit is refused, and the next line is read', async () => {
  const most = 'x'.repeat(MAX_LINE_BYTES);
  for (const size of [1_000, 1_000_000]) {
    for (const end of ['\n', '\r\n']) {
      const lines = await linesOf([most, `${most}x`, `${most}${most}${most}`, 'next'].join(end), size);
      assert.deepEqual(codes(lines), [most, 'line-too-long', 'line-too-long', 'next']);
      assert.match(JSON.stringify(lines[2]), /49152 bytes; the limit is 16384/);
    }
  }
});

test('a line that is not UTF-8 is refused, and the next line is read', async () => {
  const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.from([0x22, 0xff, 0xc3, 0x28, 0x0a]), Buffer.from('ü')]);
  assert.deepEqual(codes(await linesOf(bytes)), ['a', 'not-utf-8', 'ü']);
});
