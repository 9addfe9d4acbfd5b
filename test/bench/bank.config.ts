/** The bank of the benchmarks for the command line. */
import { defineConfig } from '../../src/adapters/cli/index.ts';
import { defineSystem } from '../../src/core/system/system.ts';
import { account } from './bank.ts';

export default defineConfig({ system: defineSystem({ name: 'bench', deciders: [account] }) });
