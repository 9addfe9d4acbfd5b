/** `unprivileged.ts file`: reads a store whose file this process may not write, and tries to append. Prints what came of it. */
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { isAppendFailure, isStoreFailure } from '../../../../src/core/errors.ts';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';

try {
  await using store = createSqliteStore({ file: process.argv[2] ?? '' });
  const { length } = await store.readAll(FORWARD);
  const appended = store.append('s-1', [envelope('Done')], ANY, decision());
  const code = await appended.then(
    () => 'appended',
    (error) => (isAppendFailure(error, 'failure') ? error.payload.val.code : String(error)),
  );
  console.log(`${length} ${code}`);
} catch (error) {
  console.log(isStoreFailure(error, 'failure') ? error.payload.val.code : String(error));
}
