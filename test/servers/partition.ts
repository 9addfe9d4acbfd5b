/** A NATS cluster whose network a test cuts, while all servers continue to run. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort, NatsServer } from './nats.ts';

/** A connection in one direction between two servers. While it is cut, it accepts bytes and does not deliver them. */
class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  isCut = false;

  private constructor(target: number) {
    this.#server = createServer((from) => {
      const to = connect(target, '127.0.0.1');
      this.#join(from, to);
      this.#join(to, from);
    });
  }

  static async start(target: number): Promise<Link> {
    const link = new Link(target);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  #join(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    this.#sockets.add(from);
    from.on('error', () => {});
    from.on('data', (data) => {
      if (!this.isCut) to.write(data);
    });
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  /** Delivers again. Connections that have lost bytes are closed, and the servers make new ones. */
  heal(): void {
    this.isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.heal();
    this.#server.close();
  }
}

/** Three servers with a link for each pair and direction. */
export class PartitionedCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];
  /** The links by the servers that they connect. */
  readonly #links: ReadonlyMap<string, Link>;

  private constructor(servers: readonly NatsServer[], links: ReadonlyMap<string, Link>) {
    this.servers = servers;
    this.#links = links;
  }

  static async start(): Promise<PartitionedCluster> {
    const names = ['n0', 'n1', 'n2'];
    const ports = new Map<string, number>();
    for (const name of names) ports.set(name, await freePort());
    const links = new Map<string, Link>();
    const servers: NatsServer[] = [];
    for (const name of names) {
      const routes: string[] = [];
      for (const other of names) {
        if (other === name) continue;
        const link = await Link.start(ports.get(other)!);
        links.set(`${name} ${other}`, link);
        routes.push(`"nats://127.0.0.1:${link.port}"`);
      }
      const lines = [
        'cluster {',
        '  name: test',
        `  listen: "127.0.0.1:${ports.get(name)}"`,
        // The servers tell each other their addresses. Nothing listens here, so they use only the links.
        '  advertise: "127.0.0.1:1"',
        `  routes: [${routes.join(', ')}]`,
        '}',
      ];
      servers.push(new NatsServer(await freePort(), await freePort(), { name, lines }));
    }
    await Promise.all(servers.map((server) => server.start()));
    return new PartitionedCluster(servers, links);
  }

  /** Cuts a server off from the other two. */
  isolate(server: NatsServer): void {
    for (const [pair, link] of this.#links) if (pair.split(' ').includes(server.serverName!)) link.isCut = true;
  }

  heal(): void {
    for (const link of this.#links.values()) if (link.isCut) link.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
    for (const link of this.#links.values()) link.close();
  }
}
