/**
 * The statements of table read models. Their tables are in the schema of the store, so it comes first in the search
 * path.
 */
import { StatementFailed, type TableStatement } from '../../../core/processors/processor-store.ts';
import { quoted } from '../../../core/storage/sql-identifier.ts';
import type { Transaction } from './connections.ts';
import { isServerError, isTransient } from './failures.ts';

/** Resolves names of tables in the schema of the store, until the end of the transaction. */
async function enterSchema(transaction: Transaction, schema: string): Promise<void> {
  await transaction.query(`select set_config('search_path', $1, true)`, [`${quoted(schema)}, public`]);
}

/** Runs statements in order. @throws StatementFailed if a statement caused the failure, and not the server. */
export async function runStatements(
  transaction: Transaction,
  schema: string,
  statements: readonly TableStatement[],
): Promise<void> {
  if (statements.length === 0) return;
  await enterSchema(transaction, schema);
  const results = await transaction.runEach(statements);
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    const { reason } = result;
    if (isServerError(reason) ? !isTransient(reason) && !OF_SERVER.test(reason.code) : reason instanceof TypeError) {
      throw new StatementFailed(index, reason);
    }
    if (isUniqueViolation(reason)) throw new StatementFailed(index, reason);
    throw reason;
  }
}

/** Returns whether the error is a duplicate key in a table of a read model. Its cause is the statement, not a race. */
function isUniqueViolation(error: unknown): boolean {
  return isServerError(error) && error.code === '23505';
}

/** Failures that a statement does not cause: no resources, a cancelled statement, an error of the system, damage. */
const OF_SERVER = /^(25|53|57|58|XX)/;
