#!/usr/bin/env node
/**
 * The program `decidable`. It has no static import, because an older Node fails while it links one, and then cannot say
 * which version is needed.
 */

/** The oldest Node that runs the program. `engines` of package.json names the same version. */
const OLDEST_NODE = '22.14';

if (isOlder(process.versions.node, OLDEST_NODE)) {
  process.stderr.write(
    `decidable: expected Node ${OLDEST_NODE} or later, got Node ${process.versions.node}; install a later Node\n`,
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  // The cache for compiled code is in the folder for temporary files. It halves the start-up time.
  enableCompileCache();
  const { main } = await import('./main.ts');
  const exitCode = await main(process.argv.slice(2));
  // The program has closed its own resources. Connections and timers that the configuration has left open must not keep
  // it running.
  process.stdout.write('', () => process.exit(exitCode));
}

function isOlder(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

export {};
