import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { account } from '../../../../examples/bank/account.ts';
import { HELP } from '../../../../examples/bank/cli/options.ts';
import { parseLine } from '../../../../examples/bank/cli/parse-line.ts';
import { fencesOf } from '../../../docs/fences.ts';

test('a line becomes a command with its id', () => {
  const parsed = parseLine('{"id":"c1","type":"Deposit","data":{"accountId":"a","amount":5,"transferId":"t"}}');
  assert.ok('command' in parsed);
  assert.equal(parsed.command.id, 'c1');
  assert.deepEqual(account.types.command.fromEnvelope(parsed.command.envelope), {
    type: 'Deposit',
    data: { accountId: 'a', amount: 5, transferId: 't' },
  });
});

test('the lines in the README and in --help are commands', () => {
  const readme = readFileSync(new URL('../../../../examples/bank/README.md', import.meta.url), 'utf8');
  const [shown] = fencesOf(readme).filter(({ language }) => language === 'json');
  for (const line of [shown?.code, /^A line: (.*)$/m.exec(HELP)?.[1]]) {
    assert.ok(line !== undefined && 'command' in parseLine(line), line);
  }
});

/** Lines, with the code of the problem and the text that the reason must contain. */
const BAD: readonly (readonly [string, string, RegExp])[] = [
  ['', 'empty-line', /empty/],
  [' \t', 'empty-line', /empty/],
  ['this is not JSON', 'not-json', /JSON/],
  ['{"id":"c1",', 'not-json', /JSON/],
  ['null', 'not-a-command', /object/],
  ['[1]', 'not-a-command', /object/],
  ['{"type":"Deposit","data":{}}', 'not-a-command', /id/],
  ['{"id":"","type":"Deposit","data":{}}', 'not-a-command', /id/],
  ['{"id":1,"type":"Deposit","data":{}}', 'not-a-command', /id/],
  ['{"id":"c1","type":"Deposit"}', 'not-a-command', /data/],
  ['{"id":"c1","type":"Deposit","data":[]}', 'not-a-command', /data/],
  ['{"id":"c1","type":"CloseAccount","data":{"accountId":"a","__proto__":{}}}', 'unencodable-value', /__proto__/],
  ['{"id":"c1","type":"Deposit","data":{},"ID":"c2"}', 'not-a-command', /ID/],
  ['{"id":"c1","type":"Despoit","data":{}}', 'unknown-type', /Despoit/],
  ['{"id":"c1","type":"toString","data":{}}', 'unknown-type', /toString/],
  ['{"id":"c1","type":"__proto__","data":{}}', 'unknown-type', /__proto__/],
  ['{"id":"c1","type":"Deposit","data":{"accountId":"a"}}', 'invalid-shape', /data\.amount/],
  ['{"id":"c1","type":"Deposit","data":{"accountId":"a","amount":"5"}}', 'invalid-shape', /data\.amount/],
  ['{"id":"c1","type":"Deposit","data":{"accountId":"a","amount":0.5}}', 'invalid-shape', /data\.amount/],
  ['{"id":"c1","type":"Deposit","data":{"accountId":"a","amount":0}}', 'invalid-shape', /data\.amount/],
  ['{"id":"c1","type":"Deposit","data":{"accountId":"a","amount":1e999}}', 'unencodable-value', /amount/],
  ['{"id":"c1","type":"Deposit","data":{"accountId":"a","amount":5,"currency":"EUR"}}', 'invalid-shape', /currency/],
  ['{"id":"c1","type":"OpenAccount","data":{"accountId":"a","owner":"\\ud800"}}', 'unencodable-value', /owner/],
];

for (const [line, code, reason] of BAD) {
  test(`the line ${JSON.stringify(line)} is refused as ${code}`, () => {
    const parsed = parseLine(line);
    assert.ok('problem' in parsed, 'it is a command');
    assert.equal(parsed.problem.code, code, parsed.problem.reason);
    assert.match(parsed.problem.reason, reason);
  });
}
