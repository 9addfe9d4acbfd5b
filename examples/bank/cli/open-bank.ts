/** Starts the bank, so that the program can send commands and wait for transfers. */
import {
  type AnyModule,
  type CommandResult,
  type DispatchOptions,
  type Envelope,
  ProcessorStopped,
  type StartOptions,
} from 'decidable';
import { bankWith, type RunningBank } from '../system.ts';
import type { Bank } from './run-commands.ts';
import { TransferWatch } from './transfer-watch.ts';

/** The milliseconds after which a restarted program takes over the work of a killed one. */
const LEASE = 1_000;

export interface BankOptions {
  readonly store: StartOptions['store'];
  /** The module that decides about accounts. */
  readonly accounts: AnyModule;
  /** The folder of the receipts. */
  readonly receipts: string;
}

export class OpenBank implements Bank, AsyncDisposable {
  readonly running: RunningBank;
  readonly #transfers: TransferWatch;

  constructor(running: RunningBank, transfers: TransferWatch) {
    this.running = running;
    this.#transfers = transfers;
  }

  handleCommand(command: Envelope, options: DispatchOptions): Promise<CommandResult> {
    return this.running.handleCommand(command, options);
  }

  transferEnded(transferId: string): Promise<void> {
    return this.#transfers.ended(transferId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.stop();
    await this.#transfers.stop();
  }
}

export async function openBank({ store, accounts, receipts }: BankOptions): Promise<OpenBank> {
  const transfers = new TransferWatch(store);
  const stopped = (
    { subscription }: { readonly subscription: ProcessorStopped['processor'] },
    reason: ProcessorStopped['reason'],
  ) => transfers.fail(new ProcessorStopped(subscription, reason));
  try {
    const running = await bankWith(accounts, receipts).start({ store, lease: LEASE, observer: { stopped } });
    return new OpenBank(running, transfers);
  } catch (error) {
    await transfers.stop();
    throw error;
  }
}
