import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showProgress } from '../../../../examples/bank/cli/progress.ts';
import { newTally } from '../../../../examples/bank/cli/tally.ts';

function output(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) > 0 };
}

test('a log gets a line each second until the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const tally = newTally();
  const log = output(false);
  const end = showProgress(tally, log);
  tally.lines = 1234;
  t.mock.timers.tick(2_000);
  end();
  t.mock.timers.tick(5_000);
  assert.equal(log.written.length, 2);
  assert.match(log.written[0] ?? '', /^1,234 lines, [\d,∞]+ a second\n$/);
});

test('a terminal has one line, which is redrawn and cleared at the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const terminal = output(true);
  const end = showProgress(newTally(), terminal);
  t.mock.timers.tick(1_000);
  end();
  assert.ok(terminal.written.length > 2);
  for (const text of terminal.written) assert.ok(text.startsWith('\r\x1b[K') && !text.includes('\n'), text);
  assert.equal(terminal.written.at(-1), '\r\x1b[K');
});
