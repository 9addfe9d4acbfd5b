import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { receiptsIn } from '../../../examples/bank/receipts.ts';
import { TransferCompensated } from '../../../examples/bank/transfer.ts';

test('a receipt that is written again replaces the first one, and leaves no other file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-receipts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const event = TransferCompensated({ transferId: 'x1', from: 'a', to: 'b', amount: 1250, reason: 'account-closed' });
  const context = {
    id: 'e1',
    stream: 'transfer-x1',
    revision: 1n,
    position: 7n,
    recordedAt: 0n,
    correlationId: 'c1',
    causationId: 'c1',
    idempotencyKey: 'e1',
    signal: t.signal,
  };
  const receipts = receiptsIn(folder);
  await receipts.react(event, context);
  await receipts.react(event, context);
  assert.deepEqual(readdirSync(folder), ['e1.txt']);
  assert.equal(
    readFileSync(join(folder, 'e1.txt'), 'utf8'),
    'transfer  x1\nfrom      a\nto        b\namount    12.50\nreturned: account-closed\n',
  );
});
