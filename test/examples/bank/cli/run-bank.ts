/** Runs the bank's program in a child process, as `npm start` does. */
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPages } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';

const MAIN = fileURLToPath(new URL('../../../../examples/bank/cli/main.ts', import.meta.url));
export const COMMANDS = fileURLToPath(new URL('../../../../examples/bank/commands.ndjson', import.meta.url));

/** The receipts of a test are next to its database. */
export const receiptsFolderOf = (db: string): string => `${db}.receipts`;

export function startBank(...args: string[]): ChildProcessWithoutNullStreams {
  const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
  const db = args.at(args.indexOf('--store') + 1);
  const receipts = args.includes('--store') && db !== undefined ? ['--receipts', receiptsFolderOf(db)] : [];
  return spawn(process.execPath, [...flags, MAIN, ...receipts, ...args]);
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}

/** Runs the bank to its end, with `input` as its standard input. */
export async function runBank(args: readonly string[], input = ''): Promise<Ended> {
  const child = startBank(...args);
  // It may end without reading its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return await ended(child);
}

/** Creates a folder that is removed after the test. */
export function temporaryFolder(context: TestContext): (file: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bank-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return (file) => join(folder, file);
}

/** Returns the output without the name of the database and the measurements. */
export function summaryOf(stdout: string): string {
  return stdout.replace(/into .*$/m, '').replace(/^[\d,]+ commands a second.*$/m, '');
}

/**
 * Every event of accounts and transfers by stream: revision, type and bytes. Streams interleave in any order. The
 * events of processes contain times.
 */
export async function historyOf(db: string): Promise<string[]> {
  await using store = createSqliteStore({ file: db });
  const lines: string[] = [];
  for await (const page of readPages(store, { categories: ['account', 'transfer'] })) {
    for (const { context, event } of page) {
      const { stream, revision, id } = context;
      lines.push(`${stream} ${revision} ${id} ${event.type} ${Buffer.from(event.payload).toString('hex')}`);
    }
  }
  assert.ok(lines.length > 0, `${db} has no events of accounts or transfers`);
  return lines.sort();
}
