/** Runs the program `decidable` in a child process, as a shell would. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from 'decidable/sqlite';
import { account, transfer } from '../../core/processors/transfers.ts';
import { bank } from './bank/system.ts';

export const PROGRAM: string = fileURLToPath(new URL('../../../src/adapters/cli/bin.ts', import.meta.url));
/** The folder of `decidable.config.ts`. */
export const BANK: string = fileURLToPath(new URL('bank', import.meta.url));

export const folder: string = mkdtempSync(join(tmpdir(), 'decidable-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

export interface RunOptions {
  /** @default the folder of the bank's configuration */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** True to run as a user other than root, because root may write everything. */
  readonly isUnprivileged?: boolean;
}

/** The end of a program. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Returns the environment without the variables of this test's own runner, which must not reach the program. */
export function programEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, FORCE_COLOR: _color, ...env } = process.env;
  return env;
}

export function start(args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
  const nobody = options.isUnprivileged && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  return spawn(process.execPath, ['--conditions=decidable-source', PROGRAM, ...args], {
    cwd: options.cwd ?? BANK,
    env: { ...programEnvironment(), ...options.env },
    ...nobody,
  });
}

/** Runs the program to its end. @param input its standard input */
export async function decidable(args: readonly string[], options: RunOptions = {}, input = ''): Promise<Ended> {
  const child = start(args, options);
  child.stdin.end(input);
  return ended(child);
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { status, stdout, stderr };
}

let files = 0;

export function newFile(): string {
  return join(folder, `${files++}.db`);
}

/**
 * A store on which the bank has run, with two accounts and a transfer of 30 from one to the other. It also contains the
 * `deposits`, to which no reactor has reacted yet.
 */
export async function bankFile(...deposits: readonly number[]): Promise<string> {
  const file = newFile();
  await using store = createSqliteStore({ file, durability: 'normal' });
  {
    await using running = await bank.start({ store });
    const { Open, Deposit, Withdraw } = account.commands;
    for (const accountId of ['a', 'b']) await running.dispatch(Open({ accountId }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 100 }), { commandId: 'deposit-1', actor: 'Ada' });
    await running.dispatch(Withdraw({ accountId: 'b', amount: 5 }), { commandId: 'withdraw-1' });
    await running.dispatch(transfer.commands.Request({ transferId: 't', from: 'a', to: 'b', amount: 30 }));
    await running.settled();
  }
  await using commands = await bank.start({ store, process: false });
  for (const amount of deposits) await commands.dispatch(account.commands.Deposit({ accountId: 'a', amount }));
  return file;
}

/** A store in which the receipts for the deposits 13 and 5 of one account are parked, because the first one failed. */
export async function parkedFile(): Promise<string> {
  const file = await bankFile(13, 5);
  await using store = createSqliteStore({ file, durability: 'normal' });
  await using running = await bank.start({ store, failurePolicy: { retries: 0, finally: 'park' } });
  await running.settled();
  return file;
}

/** The lines of NDJSON. */
export function recordsOf<Record>(ndjson: string): readonly Record[] {
  return ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record);
}
