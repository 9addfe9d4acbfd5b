/**
 * NATS servers for tests: the one at `NATS_URL` if it is set; otherwise servers that the test starts on free loopback
 * ports, with the `nats-server` on the PATH or the one that `npm run servers` has fetched.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const FETCHED = join(import.meta.dirname, '..', '..', '.cache', 'servers', 'bin', 'nats-server');
const HINT = 'nats-server is missing: run `npm run servers`, or set NATS_URL';

const isCi = process.env['CI'] !== undefined && process.env['CI'] !== 'false';

/** The path of nats-server, or `undefined` if it is not installed. */
export const natsBinary: string | undefined = findBinary();

/** The option `skip` of a test that needs a NATS server. In CI, a server must be there. */
export const skipWithoutNats: string | false =
  process.env['NATS_URL'] !== undefined || natsBinary !== undefined ? false : refuseInCi(HINT);

/** The option `skip` of a test that starts, ends and configures servers itself. */
export const skipWithoutBinary: string | false = natsBinary === undefined ? refuseInCi(HINT) : false;

/** Returns the reason of a skip. @throws Error in CI, because a skip is a failure there. */
export function refuseInCi(reason: string): string {
  if (isCi) throw new Error(reason);
  return reason;
}

function findBinary(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = [...folders.map((folder) => join(folder, 'nats-server')), FETCHED].find((path) => existsSync(path));
  return found !== undefined && spawnSync(found, ['--version']).status === 0 ? found : undefined;
}

/** The settings of a server. */
export interface NatsServerOptions {
  /** The name of a server of a cluster. */
  readonly name?: string | undefined;
  /** Lines of the `jetstream` block, for example `sync_interval: always`. */
  readonly jetstream?: readonly string[];
  /** More lines of the configuration. */
  readonly lines?: readonly string[];
  /**
   * The folder in which the server's own folder is created.
   * @default the system's folder for temporary files
   */
  readonly under?: string;
}

/** A server that a test controls. Its files stay until it is disposed. */
export class NatsServer implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly monitoringPort: number;
  #options: NatsServerOptions;
  #process: ChildProcess | undefined;

  constructor(port: number, monitoringPort: number, options: NatsServerOptions) {
    this.folder = mkdtempSync(join(options.under ?? tmpdir(), 'decidable-nats-'));
    this.port = port;
    this.monitoringPort = monitoringPort;
    this.#options = options;
  }

  /** The name of the server in its cluster. */
  get serverName(): string | undefined {
    return this.#options.name;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get monitoring(): string {
    return `http://127.0.0.1:${this.monitoringPort}`;
  }

  /** Ends the server, and starts it with other settings. */
  async restart(options: NatsServerOptions): Promise<void> {
    await this.stop();
    this.#options = options;
    await this.start();
  }

  /** Starts the server, and resolves when it accepts connections. */
  async start(): Promise<void> {
    const file = join(this.folder, 'server.conf');
    const { name, jetstream = [], lines = [] } = this.#options;
    writeFileSync(
      file,
      [
        `listen: "127.0.0.1:${this.port}"`,
        `http: "127.0.0.1:${this.monitoringPort}"`,
        ...(name === undefined ? [] : [`server_name: ${name}`]),
        'jetstream {',
        `  store_dir: "${join(this.folder, 'data')}"`,
        '  max_memory_store: 256MB',
        ...jetstream.map((line) => `  ${line}`),
        '}',
        ...lines,
      ].join('\n'),
    );
    const child = spawn(natsBinary!, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.on('data', (data: Buffer) => {
        log += String(data);
        if (log.includes('Server is ready')) resolve();
      });
      child.once('exit', () => reject(new Error(`nats-server ended:\n${log}`)));
      child.once('error', reject);
    });
    child.stderr.removeAllListeners('data').resume();
  }

  /** Ends the server: SIGTERM shuts it down gracefully, SIGKILL simulates a crash. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Suspends the process, which simulates a network failure, or resumes it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGCONT');
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts a separate server for a test. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const [port, monitoringPort] = [await freePort(), await freePort()];
  const server = new NatsServer(port, monitoringPort, options);
  await server.start();
  return server;
}

/** Starts a cluster of three servers. */
export async function startNatsCluster(options: NatsServerOptions = {}): Promise<readonly NatsServer[]> {
  const routes = [await freePort(), await freePort(), await freePort()];
  const servers: NatsServer[] = [];
  for (const [index, route] of routes.entries()) {
    const lines = [
      'cluster {',
      '  name: test',
      `  listen: "127.0.0.1:${route}"`,
      `  routes: [${routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}]`,
      '}',
    ];
    servers.push(
      new NatsServer(await freePort(), await freePort(), {
        ...options,
        name: `n${index}`,
        lines: [...lines, ...(options.lines ?? [])],
      }),
    );
  }
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}

/** The server of a test file: the one at `NATS_URL`, or one that is started for the file. */
export async function sharedNats(): Promise<{ readonly url: string } & AsyncDisposable> {
  const url = process.env['NATS_URL'];
  if (url === undefined) return startNatsServer();
  return { url, [Symbol.asyncDispose]: async () => {} };
}

/** A name of a store that no other test uses. */
export function uniqueName(): string {
  return `test_${crypto.randomUUID().replaceAll('-', '')}`;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
