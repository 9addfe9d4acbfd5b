/** The bank for the command line: `decidable describe --config examples/bank/decidable.config.ts`. */
import { defineConfig } from 'decidable/cli';
import { bank } from './system.ts';

/** The database of `npm start`, in the root of the repository. */
export default defineConfig({ system: bank, store: '../../bank.db' });
