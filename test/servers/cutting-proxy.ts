/** A TCP proxy whose connections a test cuts at a chosen place. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * The place of a cut. `request`: the next request does not reach the server. `response`: it does, and the next response
 * does not reach the client.
 */
export type Cut = 'request' | 'response';

/** A proxy for a server on this machine. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;
  #next: Cut | undefined;
  #addition: Uint8Array | undefined;
  /** The number of connections that were cut. */
  cuts = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#forward(client));
  }

  /** @param target the port of the server. */
  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Sends new connections to another server, and closes the existing ones. */
  moveTo(port: number): void {
    this.#target = port;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Cuts the next connection that is used. */
  cutNext(cut: Cut): void {
    this.#next = cut;
  }

  /** Adds bytes to the next response, so that the client receives both together. */
  addToNextResponse(bytes: Uint8Array): void {
    this.#addition = bytes;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    let isCut = false;
    const cut = (): void => {
      this.cuts++;
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      if (this.#next === 'request') {
        this.#next = undefined;
        cut();
        return;
      }
      if (this.#next === 'response') {
        this.#next = undefined;
        isCut = true;
      }
      server.write(data);
    });
    server.on('data', (data) => {
      if (isCut) {
        cut();
        return;
      }
      const addition = this.#addition;
      this.#addition = undefined;
      client.write(addition === undefined ? data : Buffer.concat([data, addition]));
    });
  }
}
