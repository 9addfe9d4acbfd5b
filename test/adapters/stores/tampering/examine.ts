/**
 * Examines a changed file. Every reader must return correct values or fail with a code, or verifyChain must name the
 * position.
 */
import Sqlite from 'better-sqlite3';
import { createSqliteStore, type SqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { type ChainVerdict, type CommitSource, verifyChain } from '../../../../src/core/storage/verify-chain.ts';
import { decision, envelope } from '../commands.ts';
import { type Answers, ask, failureCode } from './story.ts';

export interface Finding {
  /** The problems that no reader and no verification reported. */
  readonly problems: readonly string[];
  /** True if the result of a reader differs, or is a failure. */
  readonly isFelt: boolean;
  readonly verdict: string;
}

/** The command ids of a file, as far as they can be read. */
export function commandIdsOf(file: string): string[] {
  const database = new Sqlite(file, { readonly: true });
  try {
    const ids = database.prepare<[], unknown>('select command_id from decisions').pluck().all();
    return ids.flatMap((id) => (Buffer.isBuffer(id) && id.length === 16 ? [uuidOf(id)] : []));
  } catch {
    return [];
  } finally {
    database.close();
  }
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export async function examine(file: string, truth: Answers): Promise<Finding> {
  let store: SqliteStore;
  try {
    store = createSqliteStore({ file, busyTimeout: 0 });
  } catch (error) {
    const code = failureCode(error);
    return { problems: code === undefined ? [`opening: ${error}`] : [], isFelt: true, verdict: code ?? 'raw' };
  }
  const known = [...truth.keys()].flatMap((question) => question.match(/^findDecision (.*)/)?.[1] ?? []);
  const answers = await ask(store, new Set([...known, ...commandIdsOf(file)]));
  const verdict = await verdictOn(store);
  const problems: string[] = [];
  for (const stream of ['account-1', 'limit-7', 'new']) {
    try {
      await store.append(stream, [envelope('Used'), envelope('New')], { tag: 'any' }, decision());
    } catch (error) {
      if (failureCode(error) === undefined) problems.push(`append to ${stream}: ${error}`);
    }
  }
  await store.close();
  let isFelt = false;
  if (verdict.startsWith('RAW')) problems.push(`verifyChain: ${verdict}`);
  for (const [question, answer] of answers) {
    // A command that was never sent has no decision, and a missing snapshot only costs a replay.
    const right = truth.get(question) ?? 'nothing';
    if (answer === right || (question.startsWith('loadSnapshot') && answer === 'nothing')) continue;
    isFelt = true;
    if (answer.startsWith('RAW')) problems.push(`${question}: ${answer}`);
    else if (!answer.startsWith('failure') && verdict === 'intact') {
      problems.push(`${question}: answered ${answer.slice(0, 300)}, and the chain is said to be intact`);
    }
  }
  return { problems, isFelt, verdict };
}

/** The verdict of verifyChain in words. */
export async function verdictOn(store: CommitSource): Promise<string> {
  let verdict: ChainVerdict;
  try {
    verdict = await verifyChain(store);
  } catch (error) {
    return failureCode(error) ?? `RAW ${error}`;
  }
  if (verdict.intact) return 'intact';
  return verdict.broken.reason === 'damage'
    ? verdict.broken.message
    : `${verdict.broken.reason} of ${verdict.broken.stream}`;
}
