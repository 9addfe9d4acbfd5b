/** `npm start -- --guest …` decides in a component, with the same summary and the same events. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { accountModule } from '../../../../examples/bank/cli/module.ts';
import { GUESTS, HELP } from '../../../../examples/bank/cli/options.ts';
import { historyOf, runBank, summaryOf, temporaryFolder } from '../../../examples/bank/cli/run-bank.ts';

describe('the main job on a guest', () => {
  test('has the same summary, events and ids as in the process', async (t) => {
    const path = temporaryFolder(t);
    const ours = await runBank(['--store', path('process.db')]);
    assert.equal(ours.code, 0, ours.stderr);
    const history = await historyOf(path('process.db'));
    for (const guest of ['rust', 'c', 'assemblyscript']) {
      const theirs = await runBank(['--store', path(`${guest}.db`), '--guest', guest]);
      assert.equal(theirs.code, 0, theirs.stderr);
      assert.equal(summaryOf(theirs.stdout), summaryOf(ours.stdout), guest);
      assert.deepEqual(await historyOf(path(`${guest}.db`)), history, guest);
    }
  });

  test('continues a store that another module has written', async (t) => {
    const db = temporaryFolder(t)('bank.db');
    const [open, deposit] = [
      '{"id":"1","type":"OpenAccount","data":{"accountId":"a","owner":"Ada"}}\n',
      '{"id":"2","type":"Deposit","data":{"accountId":"a","amount":1250}}\n',
    ];
    await runBank(['--file', '-', '--store', db], open);
    const { code, stdout, stderr } = await runBank(['--file', '-', '--store', db, '--guest', 'rust'], open + deposit);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /duplicates +1 /);
    assert.match(stdout, /total +12\.50/);
  });

  // It has a separate folder, because other tests build the guests concurrently.
  test('fails with the commands to build it if it is missing', async (t) => {
    const empty = pathToFileURL(temporaryFolder(t)('guests/'));
    const commands = {
      rust: /npm ci --prefix examples\/guests && examples\/guests\/rust\/build\.sh$/,
      javascript: /npm ci --prefix examples\/guests && examples\/guests\/javascript\/build\.sh$/,
    };
    for (const guest of ['rust', 'javascript'] as const)
      await assert.rejects(accountModule(guest, empty), { name: 'UsageError', message: commands[guest] });
  });

  test('is refused for an unknown guest, with the names of the known ones', async () => {
    const { code, stderr } = await runBank(['--guest', 'perl']);
    assert.equal(code, 2);
    assert.match(stderr, /'--guest' is one of rust, c, assemblyscript, go, python, javascript, not 'perl'/);
    for (const guest of GUESTS) assert.ok(HELP.includes(guest));
  });
});
