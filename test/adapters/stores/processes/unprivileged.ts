/**
 * `unprivileged.ts file [readOnly [backup]]`: reads a store whose file this process may not write, tries to append, and
 * makes a backup. It prints the results.
 */
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { isAppendFailure, isStoreFailure } from '../../../../src/core/errors.ts';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';

const [, , file = '', readOnly, backup] = process.argv;
try {
  await using store = createSqliteStore({ file, readOnly: readOnly === 'readOnly' });
  const { length } = await store.readAll(FORWARD);
  const appended = store.append('s-1', [envelope('Done')], ANY, decision());
  const code = await appended.then(
    () => 'appended',
    (error) => (isAppendFailure(error, 'failure') ? error.payload.val.code : String(error)),
  );
  if (backup !== undefined) await store.backup(backup);
  console.log(`${length} ${code}${backup === undefined ? '' : ' backed up'}`);
} catch (error) {
  console.log(isStoreFailure(error, 'failure') ? error.payload.val.code : String(error));
}
