import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarize } from '../../../../examples/bank/cli/summary.ts';
import { countBadLine, MAX_LISTED_BAD_LINES, newTally } from '../../../../examples/bank/cli/tally.ts';

const accounts = new Map([
  ['a', { owner: 'Ada', balance: 1250, open: true }],
  ['b', { owner: 'Bo', balance: 123_456_789, open: true }],
  ['c', { owner: 'Cy', balance: 0, open: false }],
]);

const ledger = {
  accounts,
  lines: 42,
  deposits: 123_500_000,
  withdrawals: 40_961,
  inFlight: 1_000,
  transfers: { completed: 1_234, compensated: 5, refused: 2, held: 1 },
};

test('the summary lists lines, commands, balances, rejections and bad lines', () => {
  const tally = { ...newTally(), lines: 10, accepted: 6, rejected: 3, duplicates: 2, newEvents: 5 };
  tally.rejections.set('not-open', 1).set('insufficient-funds', 2);
  countBadLine(tally, 1_234, { code: 'not-json', reason: 'it is prose' });
  countBadLine(tally, 7, { code: 'empty-line', reason: 'it is empty' });
  assert.equal(
    summarize({ file: '-', store: 'my.db', tally, ledger, seconds: 0.5 }),
    `  lines                     10  from standard input
  commands                   9  6 accepted, 3 rejected
  duplicates                 2  known command ids, not decided again
  bad lines                  2
  new events                 5  into my.db

  accounts                   3  2 open, 1 closed
  statements                42  lines
  transfers              1,242  1,234 completed, 5 compensated, 2 refused, 1 held

  deposits        1,235,000.00
  withdrawals          -409.61
  in flight             -10.00  withdrawn by transfers and not deposited yet
  total           1,234,580.39  all balances: money is conserved

Largest balances
  b               1,234,567.89  Bo
  a                      12.50  Ada
  c                       0.00  Cy

Rejections
  insufficient-funds         2
  not-open                   1

Bad lines
        7  empty-line         it is empty
    1,234  not-json           it is prose

18 commands a second (0.50 s)
`,
  );
});

test('text from the input cannot control the terminal', () => {
  const tally = newTally();
  countBadLine(tally, 1, { code: 'not-json', reason: 'an escape \u001b[2J and a\nline' });
  const evil = new Map([['a', { owner: '\u202eevil\u0007', balance: 1, open: true }]]);
  const text = summarize({ file: '-', store: 'my.db', tally, ledger: { ...ledger, accounts: evil }, seconds: 1 });
  assert.match(text, /an escape \\u001b\[2J and a\\u000aline\n/);
  assert.match(text, /\\u202eevil\\u0007\n/);
});

test('the summary of a run that changed nothing reports this', () => {
  const run = { file: 'my.ndjson', store: 'my.db', ledger, seconds: 1 };
  const again = summarize({ ...run, tally: { ...newTally(), lines: 3, accepted: 2, rejected: 1, duplicates: 3 } });
  assert.ok(again.endsWith('Nothing changed: my.db already had all of these commands.\n'), again);
  const empty = summarize({ ...run, tally: newTally() });
  assert.doesNotMatch(empty, /Nothing changed/);
});

test('the summary lists the first bad lines and counts the rest', () => {
  const tally = newTally();
  for (let line = 1; line <= MAX_LISTED_BAD_LINES + 5; line++) countBadLine(tally, line, { code: 'x', reason: 'y' });
  const text = summarize({ file: '-', store: 'my.db', tally, ledger: { ...ledger, accounts: new Map() }, seconds: 1 });
  assert.equal(text.match(/ {2}x /g)?.length, MAX_LISTED_BAD_LINES);
  assert.match(text, /^ {2}… and 5 more$/m);
});
