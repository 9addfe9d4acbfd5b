#!/usr/bin/env node
/** The program `decidable`. */
import { enableCompileCache } from 'node:module';

// Compiled code is kept in the folder for temporary files, which halves the time to start.
enableCompileCache();
const { main } = await import('./main.ts');
const exitCode = await main(process.argv.slice(2));
// Everything of this program is closed now. Connections and timers that the configuration has left open must not keep it.
process.stdout.write('', () => process.exit(exitCode));
