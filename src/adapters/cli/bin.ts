#!/usr/bin/env node
/** The program `decidable`. */
import { enableCompileCache } from 'node:module';

// The cache for compiled code is in the folder for temporary files. It halves the start-up time.
enableCompileCache();
const { main } = await import('./main.ts');
const exitCode = await main(process.argv.slice(2));
// The program has closed its own resources. Connections and timers that the configuration has left open must not keep
// it running.
process.stdout.write('', () => process.exit(exitCode));
