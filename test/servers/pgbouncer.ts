/**
 * PgBouncer in front of a PostgreSQL server, on a free loopback port. Root starts it as `nobody`, because it refuses.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';
import { refuseInCi } from './nats.ts';
import type { PostgresServer } from './postgres.ts';

const HINT = 'pgbouncer is missing: install the package pgbouncer (apt-get install pgbouncer)';
const NOBODY = 65_534;

const binary = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  .map((folder) => join(folder, 'pgbouncer'))
  .find((path) => existsSync(path));

/** The option `skip` of a test that needs PgBouncer. In CI, it must be there. */
export const skipWithoutPgbouncer: string | false = binary === undefined ? refuseInCi(HINT) : false;

/** A pooler. Its connections to the server are ended with it. */
export class Pgbouncer implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #process: ChildProcess;

  constructor(url: string, folder: string, process: ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    if (this.#process.kill('SIGKILL')) await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Starts a pooler.
 * @param mode the part of a client's session that has one connection to the server.
 */
export async function startPgbouncer(
  server: PostgresServer,
  mode: 'session' | 'transaction' | 'statement',
): Promise<Pgbouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-pgbouncer-'));
  const port = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const settings = [
    ...['[databases]', `postgres = host=127.0.0.1 port=${server.port} dbname=postgres user=postgres`, '[pgbouncer]'],
    ...['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'auth_type = any', `pool_mode = ${mode}`],
    ...['default_pool_size = 4', 'max_client_conn = 100', 'unix_socket_dir ='],
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const child = spawn(binary ?? 'pgbouncer', [file], {
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    stdio: 'ignore',
  });
  process.once('exit', () => child.kill('SIGKILL'));
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return new Pgbouncer(`postgres://postgres@127.0.0.1:${port}/postgres`, folder, child);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
