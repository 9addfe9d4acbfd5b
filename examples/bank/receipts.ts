/** The receipts: a reactor that writes a file for each transfer that has moved money. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineReactor, type ReactorModule } from 'decidable';
import { transfer } from './transfer.ts';

/** The events that lead to a receipt. */
const RECEIPT_EVENTS = {
  TransferCompleted: transfer.events.TransferCompleted,
  TransferCompensated: transfer.events.TransferCompensated,
};

/**
 * Returns the reactor that writes receipts to a folder. The name of a file is the id of the event, so an event that is
 * delivered again after a crash overwrites its receipt with the same text.
 */
export function receiptsIn(folder: string): ReactorModule<typeof RECEIPT_EVENTS> {
  return defineReactor({
    name: 'bank.receipts',
    version: '1.0.0',
    events: RECEIPT_EVENTS,
    react: {
      TransferCompleted: (transfer, { idempotencyKey }) => write(folder, idempotencyKey, transfer, 'completed'),
      TransferCompensated: (transfer, { idempotencyKey }) =>
        write(folder, idempotencyKey, transfer, `returned: ${transfer.reason}`),
    },
  });
}

interface Movement {
  readonly transferId: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/**
 * Writes the text to a temporary file and renames it, so that a reader never reads half of a receipt. A crash can leave
 * the unfinished file, whose name begins with a dot.
 */
async function write(folder: string, id: string, transfer: Movement, outcome: string): Promise<void> {
  const { transferId, from, to, amount } = transfer;
  const text = `transfer  ${transferId}\nfrom      ${from}\nto        ${to}\namount    ${(amount / 100).toFixed(2)}\n${outcome}\n`;
  const unfinished = join(folder, `.${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  await writeFile(unfinished, text, { flush: true });
  await rename(unfinished, join(folder, `${id}.txt`));
}
