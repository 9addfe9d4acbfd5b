/** `decidable verify`. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import Sqlite from 'better-sqlite3';
import { BANK, bankFile, decidable, folder } from './program.ts';

interface Report {
  readonly isIntact: boolean;
  readonly streams: number;
  readonly commits: number;
  readonly decisions: number;
  readonly difference?: { readonly reason: string; readonly recorded?: unknown; readonly decided?: unknown };
  readonly unverified: readonly { readonly module: { readonly name: string }; readonly decisions: number }[];
}

/** A configuration of the bank whose accounts decide differently, or are missing. */
function otherConfig(name: string, deciders: string): string {
  const file = join(folder, `${name}.config.ts`);
  writeFileSync(
    file,
    `import { bank } from '${pathToFileURL(join(BANK, 'system.ts')).href}';
const [account, transfer] = bank.deciders;
const twice = (state, command) => {
  const events = account.decider.decide(state, command);
  return command.type === 'Deposit' ? [...events, ...events] : events;
};
const changed = { ...account, decider: { ...account.decider, decide: twice } };
export default { system: { ...bank, deciders: ${deciders} } };
`,
  );
  return file;
}

describe('decidable verify', () => {
  let file: string;
  before(async () => {
    file = await bankFile(13, 5);
  });
  const verify = (...args: readonly string[]) => decidable(['verify', '--store', file, ...args]);
  const report = async (...args: readonly string[]): Promise<Report & { readonly status: number | null }> => {
    const { status, stdout } = await verify('--json', ...args);
    return { status, ...(JSON.parse(stdout) as Report) };
  };

  test('makes all decisions again, process managers included', async () => {
    const { status, stdout, stderr } = await verify();
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^as recorded: \d+ streams, (\d+) commits, \d+ events, \1 decisions made again\n$/);
  });

  test('counts the same with one thread as with several', async () => {
    const [one, three] = [await report('--threads', '1'), await report('--threads', '3')];
    assert.deepEqual(one, three);
    assert.deepEqual([one.isIntact, one.unverified, one.decisions], [true, [], one.commits]);
  });

  test('prints the first difference and exits with 5', async () => {
    const config = otherConfig('changed', '[changed, transfer]');
    const { status, isIntact, difference } = await report('--config', config, '--threads', '1');
    assert.deepEqual([status, isIntact, difference?.reason, difference?.recorded], [5, false, 'event', null]);
    assert.deepEqual(Object.keys(Object(difference?.decided)).slice(0, 2), ['type', 'schemaVersion']);
    const { stdout } = await verify('--config', config, '--threads', '1');
    assert.match(stdout, /^different: commit 1 of stream "account-a", command Deposit /);
  });

  test('names the modules whose decisions were not made again', async () => {
    const { status, unverified, isIntact } = await report('--config', otherConfig('missing', '[transfer]'));
    assert.deepEqual([status, isIntact, unverified.map(({ module }) => module.name)], [0, true, ['account']]);
  });

  test('continues after an interruption, and removes the file when it is done', async () => {
    const resume = join(folder, 'resume.json');
    const whole = await report();
    await report('--threads', '2', '--resume', resume, '--config', otherConfig('changed', '[changed, transfer]'));
    assert.ok(existsSync(resume));
    const rest = await report('--resume', resume);
    assert.deepEqual([rest.status, rest.streams, rest.decisions], [0, whole.streams, whole.decisions]);
    assert.ok(!existsSync(resume));
  });

  test('finds an event that was moved to another position, with one thread and with several', async () => {
    const moved = join(folder, 'moved.db');
    copyFileSync(file, moved);
    const database = new Sqlite(moved);
    database.exec('update events set position = position + 1000 where position = (select max(position) from events)');
    database.close();
    for (const threads of ['1', '2']) {
      const { stdout } = await decidable(['verify', '--store', moved, '--threads', threads, '--json']);
      const { isIntact, difference } = JSON.parse(stdout) as Report;
      assert.deepEqual([isIntact, difference?.reason], [false, 'chain'], `${threads} threads`);
    }
  });

  test('refuses a file that does not hold its progress', async () => {
    const other = join(folder, 'other.json');
    writeFileSync(other, '{"verification":[{}]}');
    const { status, stderr } = await verify('--resume', other, '--json');
    assert.deepEqual([status, codeOf(stderr)], [2, 'usage']);
  });

  test('writes heads, and compares them later', async () => {
    const heads = join(folder, 'bank.heads');
    assert.equal((await verify('--heads', heads)).status, 0);
    const lines = readFileSync(heads, 'utf8').trimEnd().split('\n');
    assert.equal(lines.length, (await report()).streams);
    assert.equal((await report('--compare', heads)).status, 0);

    const lost = { stream: 'account-lost', revision: '3', hash: '00'.repeat(32) };
    writeFileSync(heads, `${lines[0]}\n${JSON.stringify(lost)}\n${lines.slice(1).join('\n')}\n`);
    const { status, difference } = await report('--compare', heads);
    assert.deepEqual([status, difference?.reason], [5, 'head']);

    writeFileSync(heads, `${lines[0]}\nnothing\n`);
    const refused = await verify('--compare', heads, '--json');
    assert.deepEqual([refused.status, codeOf(refused.stderr)], [2, 'usage']);
  });

  test('refuses a stream without commits, and a missing store', async () => {
    const stream = await verify('--stream', 'account-404', '--json');
    assert.deepEqual([stream.status, codeOf(stream.stderr)], [4, 'not-found']);
    const store = await decidable(['verify', '--store', join(folder, 'missing.db'), '--json']);
    assert.deepEqual([store.status, codeOf(store.stderr)], [4, 'store-not-found']);
    assert.ok(!existsSync(join(folder, 'missing.db')));
  });
});

function codeOf(stderr: string): unknown {
  return (JSON.parse(stderr) as { error: { code: string } }).error.code;
}
