/** A small story of the bank with rejections and process managers, for stores whose bits are flipped. */
import { defineSystem, type EventStore, isStoreFailure } from 'decidable';
import type { CommitSource } from 'decidable/storage';
import { describeDifference, verifyStore } from 'decidable/verification';
import { account } from '../../../examples/bank/account.ts';
import { transfer } from '../../../examples/bank/transfer.ts';
import { transferProcess } from '../../../examples/bank/transfer-process.ts';

/** The bank without its read models. */
export const bank = defineSystem({ name: 'bank', deciders: [account, transfer], processManagers: [transferProcess] });

/** Two accounts, a rejected withdrawal, a transfer that completes and one that is compensated. */
export async function tellBankStory(store: EventStore): Promise<void> {
  await using running = await bank.start({ store });
  const { OpenAccount, Deposit, Withdraw } = account.commands;
  for (const accountId of ['1', '2']) await running.dispatch(OpenAccount({ accountId, owner: 'Ada' }));
  await running.dispatch(Deposit({ accountId: '1', amount: 500 }), { actor: 'Ada', causationId: 'request 1' });
  await running.handleCommand(account.types.command.toEnvelope(Withdraw({ accountId: '1', amount: 9_000 })));
  const { RequestTransfer } = transfer.commands;
  await running.dispatch(RequestTransfer({ transferId: 'a', from: '1', to: '2', amount: 100 }));
  await running.dispatch(RequestTransfer({ transferId: 'b', from: '1', to: '3', amount: 50 }));
  await running.settled();
}

/** Returns how the verification ends: `intact`, the reason of the difference, or the code of the store's failure. */
export async function bankVerdict(store: CommitSource): Promise<string> {
  try {
    const { difference } = await verifyStore(store, bank);
    return difference === undefined ? 'intact' : `${difference.reason}: ${describeDifference(difference)}`;
  } catch (error) {
    if (isStoreFailure(error, 'failure')) return error.payload.val.code;
    throw error;
  }
}
