/** `npm start`, as a user runs it. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import Sqlite, { type Database } from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import { readBooks } from '../books.ts';
import { COMMANDS, runBank, temporaryFolder } from './run-bank.ts';

/** Returns the number next to a name in the summary. */
function figure(stdout: string, name: string): string | undefined {
  return new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(stdout)?.[1];
}

/** Returns the part of the summary that a second run must print again: accounts, balances, rejections and bad lines. */
const balancesOf = (stdout: string) => stdout.slice(stdout.indexOf('  accounts'), stdout.search(/^[\d,]+ commands a/m));

const LINES = `
{"id":"1","type":"OpenAccount","data":{"accountId":"a","owner":"Ada"}}
{"id":"2","type":"Deposit","data":{"accountId":"a","amount":1250}}
{"id":"3","type":"Withdraw","data":{"accountId":"a","amount":5000}}
{"id":"2","type":"Deposit","data":{"accountId":"a","amount":1250}}
`.trimStart();

test('a second run over the checked-in commands changes nothing', async (t) => {
  const db = temporaryFolder(t)('bank.db');
  const first = await runBank(['--store', db]);
  assert.equal(first.code, 0, first.stderr);

  const lines = readFileSync(COMMANDS, 'utf8').trimEnd().split('\n').length;
  assert.equal(figure(first.stdout, 'lines'), lines.toLocaleString('en-US'));
  assert.match(
    first.stdout,
    /^ {2}transfers +[\d,]+ {2}[\d,]+ completed, [\d,]+ compensated, [\d,]+ refused, 0 held$/m,
  );
  assert.match(first.stdout, /^ {2}total .* money is conserved$/m);
  assert.match(first.stdout, /^ {2}insufficient-funds +\d/m);
  for (const code of ['not-json', 'empty-line', 'line-too-long', 'not-a-command', 'unknown-type']) {
    assert.match(first.stdout, new RegExp(`^ +[\\d,]+ {2}${code} `, 'm'), code);
  }
  assert.match(first.stdout, /^ +[\d,]+ {2}command-id-reused /m);
  assert.match(first.stdout, /^[\d,]+ commands a second \([\d.]+ s\)$/m);
  assert.doesNotMatch(first.stdout, /Nothing changed/);

  const second = await runBank(['--store', db]);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /^Nothing changed: .*bank\.db already had all of these commands\.$/m);
  assert.equal(figure(second.stdout, 'new events'), '0');
  assert.equal(figure(second.stdout, 'duplicates'), figure(second.stdout, 'commands'));
  assert.equal(balancesOf(second.stdout), balancesOf(first.stdout));
});

test('requests for transfers change no balance of an older account', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  assert.equal((await runBank(['--store', file])).code, 0);
  await using store = createSqliteStore({ file });
  const { accounts } = await readBooks(store);
  const older = [...accounts].filter(([id]) => id <= '0600').map(([, { balance }]) => balance);
  assert.equal(older.length, 600);
  assert.equal(
    older.reduce((sum, balance) => sum + balance, 0),
    19_873_983_58,
  );
});

test('--file and --store name other files', async (t) => {
  const path = temporaryFolder(t);
  writeFileSync(path('my.ndjson'), LINES);
  const { code, stdout } = await runBank(['--file', path('my.ndjson'), '--store', path('my.db')]);
  assert.equal(code, 0);
  assert.equal(figure(stdout, 'commands'), '4');
  assert.equal(figure(stdout, 'duplicates'), '1');
  assert.equal(figure(stdout, 'total'), '12.50');
});

test('--file - reads standard input', async (t) => {
  const db = temporaryFolder(t)('my.db');
  const { code, stdout } = await runBank(['--file', '-', '--store', db], LINES);
  assert.equal(code, 0);
  assert.match(stdout, /from standard input/);
  assert.equal(figure(stdout, 'total'), '12.50');
});

test('empty input is not an error', async (t) => {
  const { code, stdout } = await runBank(['--file', '-', '--store', temporaryFolder(t)('my.db')], '');
  assert.equal(code, 0);
  assert.equal(figure(stdout, 'lines'), '0');
});

test('--help prints the usage and opens no database', async () => {
  const { code, stdout } = await runBank(['--help', '--store', '/nowhere/bank.db']);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: npm start -- \[options\]/);
});

test('an unknown option is refused by name', async () => {
  for (const [args, name] of [
    [['--databse', 'x.db'], '--databse'],
    [['commands.ndjson'], 'commands.ndjson'],
    [['--store'], '--store'],
    [['--store='], '--store'],
  ] as const) {
    const { code, stderr, stdout } = await runBank(args);
    assert.equal(code, 2, name);
    assert.ok(stderr.includes(name), stderr);
    assert.match(stderr, /--help/);
    assert.equal(stdout, '');
  }
});

/** Asserts that the error is one paragraph with the code and the remedy. Progress lines may precede it. */
function assertExplained(stderr: string, code: string, ...mentions: string[]): void {
  const paragraph = stderr.replace(/^[\d,]+ lines, [\d,∞]+ a second\n/gm, '');
  assert.equal(paragraph.trimEnd().split('\n').length, 1, stderr);
  assert.ok(stderr.includes(`(${code})`), stderr);
  for (const mention of mentions) assert.ok(stderr.includes(mention), `${mention} in: ${stderr}`);
}

test('a missing file or a folder is named in the error, and creates no database', async (t) => {
  const path = temporaryFolder(t);
  const missing = await runBank(['--file', path('gone.ndjson'), '--store', path('bank.db')]);
  assert.equal(missing.code, 1);
  assertExplained(missing.stderr, 'ENOENT', 'gone.ndjson', '--file');
  const folder = await runBank(['--file', path(''), '--store', path('bank.db')]);
  assert.equal(folder.code, 1);
  assertExplained(folder.stderr, 'EISDIR', path(''), '--file');
  assert.throws(() => readFileSync(path('bank.db')), { code: 'ENOENT' });
});

test('a database in a missing folder is named in the error', async (t) => {
  const { code, stderr } = await runBank(['--store', temporaryFolder(t)('no-such-folder/bank.db')]);
  assert.equal(code, 1);
  assertExplained(stderr, 'io', 'no-such-folder', '--store');
});

test('a file that is not a database is refused and left unchanged', async (t) => {
  const file = temporaryFolder(t)('notes.txt');
  writeFileSync(file, 'Dear diary, '.repeat(100));
  const { code, stderr } = await runBank(['--store', file]);
  assert.equal(code, 1);
  assertExplained(stderr, 'not-a-store', 'notes.txt', '--store');
  assert.equal(readFileSync(file, 'utf8'), 'Dear diary, '.repeat(100));
});

test('a foreign, a newer and a damaged database are refused and left unchanged', async (t) => {
  const path = temporaryFolder(t);
  const made = async (name: string, change: (database: Database) => void) => {
    assert.equal((await runBank(['--file', '-', '--store', path(name)], LINES)).code, 0);
    const database = new Sqlite(path(name));
    change(database);
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
  };
  const foreign = new Sqlite(path('foreign.db'));
  foreign.exec('create table todo (text)');
  foreign.close();
  await made('newer.db', (database) => database.pragma('user_version = 4711'));
  await made('damaged.db', () => {});
  const damaged = readFileSync(path('damaged.db'));
  writeFileSync(path('damaged.db'), damaged.fill(0xff, 4_096));

  for (const [name, code] of [
    ['foreign.db', 'not-a-store'],
    ['newer.db', 'newer-format'],
    ['damaged.db', 'corrupt'],
  ] as const) {
    const before = readFileSync(path(name));
    const run = await runBank(['--file', '-', '--store', path(name)], LINES);
    assert.equal(run.code, 1, run.stdout);
    assertExplained(run.stderr, code, name, '--store');
    assert.ok(readFileSync(path(name)).equals(before), name);
  }
});
