/** `decidable describe`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describe as description } from 'decidable';
import { bank } from './bank/system.ts';
import { decidable } from './program.ts';

const TEXT = `\
System bank

Deciders
  account 1  streams account-…, application/vnd.msgpack
    takes  Open, Deposit, Withdraw, Close
    makes  Opened, Deposited, Withdrawn, Closed
  transfer 1  streams transfer-…, application/vnd.msgpack
    takes  Request, Finish
    makes  Requested, Finished

Process managers
  transfers 1
    reads  transfer.Requested, transfer.Finished, account.Withdrawn
    sends  Withdraw → account, Deposit → account, Finish → transfer

Read models
  balances 1  documents
    reads  account.Opened, account.Deposited, account.Withdrawn
  statements 1  tables
    reads  account.Deposited

Reactors
  receipts 1
    reads  account.Deposited
`;

const MERMAID = `\
flowchart LR
  p0["account"]
  p1["transfer"]
  p2{{"transfers"}}
  p3[("balances")]
  p4[("statements")]
  p5(["receipts"])
  p1 -- "Requested<br>Finished" --> p2
  p0 -- "Withdrawn" --> p2
  p0 -- "Opened<br>Deposited<br>Withdrawn" --> p3
  p0 -- "Deposited" --> p4
  p0 -- "Deposited" --> p5
  p2 -- "Withdraw<br>Deposit" --> p0
  p2 -- "Finish" --> p1
`;

describe('decidable describe', () => {
  test('prints the parts of the system and their messages', async () => {
    assert.deepEqual(await decidable(['describe']), { status: 0, stdout: TEXT, stderr: '' });
  });

  test('prints a Mermaid flow chart', async () => {
    assert.deepEqual(await decidable(['describe', '--mermaid']), { status: 0, stdout: MERMAID, stderr: '' });
  });

  test('prints the description of the system as JSON', async () => {
    const { stdout } = await decidable(['describe', '--json']);
    assert.deepEqual(JSON.parse(stdout), description(bank));
  });
});
