/** The books of the bank, folded from the whole history by this file, and read from the read models. */
import { readdirSync } from 'node:fs';
import { type ProcessorStore, readEvents } from 'decidable';
import { account } from '../../../examples/bank/account.ts';
import { type Balance, balances } from '../../../examples/bank/balances.ts';
import { type Statements, statements } from '../../../examples/bank/statements.ts';
import { bankWith } from '../../../examples/bank/system.ts';
import { transfer } from '../../../examples/bank/transfer.ts';
import type { EventStore } from '../../../src/core/index.ts';

type Line = Statements['lines'];
type Transfer = Statements['transfers'];

export interface Books {
  readonly accounts: ReadonlyMap<string, Balance>;
  /** The lines in the order of accounts and numbers. */
  readonly lines: readonly Line[];
  readonly transfers: ReadonlyMap<string, Transfer>;
}

export interface History extends Books {
  /** Event ids by stream. They show that each command's events are stored once, in order. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  /** The names of the receipts that the events must produce. */
  readonly receipts: ReadonlySet<string>;
}

const STATUS = {
  TransferRequested: 'requested',
  TransferCompleted: 'completed',
  TransferCompensated: 'compensated',
  TransferRefused: 'refused',
  TransferHeld: 'held',
} as const;

const TEXT = {
  AccountOpened: 'opened',
  Deposited: 'deposit',
  Withdrawn: 'withdrawal',
  AccountClosed: 'closed',
} as const;

/** Folds all events of a store. */
export async function foldHistory(store: EventStore): Promise<History> {
  const accounts = new Map<string, Balance>();
  const lines: Line[] = [];
  const transfers = new Map<string, Transfer>();
  const ids = new Map<string, string[]>();
  const receipts = new Set<string>();
  for await (const { context, event: envelope } of readEvents(store)) {
    const { stream, id } = context;
    const known = ids.get(stream);
    if (known === undefined) ids.set(stream, [id]);
    else known.push(id);

    if (stream.startsWith('account-')) {
      const { type, data } = account.types.event.fromEnvelope(envelope);
      const amount = 'amount' in data ? data.amount : 0;
      const before = accounts.get(data.accountId) ?? { owner: '', balance: 0, open: false };
      accounts.set(data.accountId, {
        owner: 'owner' in data ? data.owner : before.owner,
        balance: before.balance + (type === 'Withdrawn' ? -amount : amount),
        open: type !== 'AccountClosed',
      });
      lines.push({
        account_id: data.accountId,
        number: Number(context.revision),
        text: TEXT[type],
        amount,
        reference: ('transferId' in data && data.transferId) || null,
        recorded_at: Number(context.recordedAt),
      });
    } else if (stream.startsWith('transfer-')) {
      const { type, data } = transfer.types.event.fromEnvelope(envelope);
      const { transferId, from, to, amount } = data;
      const reason = 'reason' in data ? data.reason : null;
      transfers.set(transferId, {
        transfer_id: transferId,
        source: from,
        target: to,
        amount,
        status: STATUS[type],
        reason,
      });
      if (type === 'TransferCompleted' || type === 'TransferCompensated') receipts.add(`${id}.txt`);
    }
  }
  lines.sort((a, b) => (a.account_id === b.account_id ? a.number - b.number : a.account_id < b.account_id ? -1 : 1));
  return { accounts, lines, transfers, ids, receipts };
}

/** Reads the read models, without running them. */
export async function readBooks(store: EventStore & { readonly processors: ProcessorStore }): Promise<Books> {
  await using running = await bankWith(account, 'no-receipts').start({ store, process: false });
  const documents = await running.readModel(balances).list({ limit: 1_000 });
  await using reader = running.readModel(statements);
  const lines = await reader.db.selectFrom('lines').selectAll().orderBy('account_id').orderBy('number').execute();
  const transfers = await reader.db.selectFrom('transfers').selectAll().execute();
  return {
    accounts: new Map(documents.map(({ key, document }) => [key, document])),
    lines,
    transfers: new Map(transfers.map((row) => [row.transfer_id, row])),
  };
}

/** The receipts of a folder. A crash may leave an unfinished file, whose name begins with a dot. */
export function receiptsOf(folder: string): ReadonlySet<string> {
  return new Set(readdirSync(folder).filter((name) => !name.startsWith('.')));
}
