#!/usr/bin/env node
/** The program `decidable`. */
import { enableCompileCache } from 'node:module';

// Compiled code is kept in the folder for temporary files, which halves the time to start.
enableCompileCache();
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
