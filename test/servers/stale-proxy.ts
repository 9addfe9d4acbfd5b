/** A proxy for one NATS client that answers reads like a server that was cut off and lacks the newest messages. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

const NANOSECONDS = 1_000_000;
const CRLF = '\r\n';
const NO_MESSAGES = `NATS/1.0 404 Message Not Found${CRLF}${CRLF}`;
const NOT_FOUND = JSON.stringify({ error: { code: 404, err_code: 10037, description: 'no message found' } });

/** The information about a stream, as its leader sends it. */
export interface StreamInfo {
  readonly cluster: { readonly replicas: readonly { readonly active: number }[] };
}

export class StaleProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The number of reads that are answered without a message. */
  staleAnswers = 0;
  #info: { readonly value: StreamInfo; readonly at: number } | undefined;

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')));
  }

  /** @param target the port of the server. */
  static async start(target: number): Promise<StaleProxy> {
    const proxy = new StaleProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as { readonly port: number }).port}`;
  }

  /**
   * Answers questions about streams with this information from now on, like a leader that has not heard from the other
   * servers since. With `undefined`, the server answers again.
   */
  answerWith(info: StreamInfo | undefined): void {
    this.#info = info && { value: info, at: performance.now() };
  }

  #join(client: Socket, server: Socket): void {
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => [client, server].forEach((one) => void one.destroy()));
      this.#sockets.add(socket);
    }
    server.on('data', (data) => client.write(data));
    const subscriptions = new Map<string, string>();
    let rest = Buffer.alloc(0);
    client.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (let end = rest.indexOf(CRLF); end >= 0; end = rest.indexOf(CRLF)) {
        const words = rest.subarray(0, end).toString('latin1').split(' ');
        const isMessage = words[0] === 'PUB' || words[0] === 'HPUB';
        const size = end + 2 + (isMessage ? Number(words.at(-1)) + 2 : 0);
        if (rest.length < size) return;
        const operation = rest.subarray(0, size);
        rest = rest.subarray(size);
        if (words[0] === 'SUB') subscriptions.set(words[1]!, words.at(-1)!);
        const answer = words[0] === 'PUB' ? this.#answer(words[1]!) : undefined;
        if (answer === undefined) server.write(operation);
        else client.write(delivered(words[2]!, subscriptions, answer));
      }
    });
  }

  /** Returns the headers and the data of an answer, or `undefined` if the server answers. */
  #answer(subject: string): readonly [headers: string, data: string] | undefined {
    if (this.#info !== undefined && subject.startsWith('$JS.API.STREAM.INFO.')) {
      const { value, at } = this.#info;
      const silence = (performance.now() - at) * NANOSECONDS;
      const replicas = value.cluster.replicas.map((replica) => ({ ...replica, active: replica.active + silence }));
      return ['', JSON.stringify({ ...value, cluster: { ...value.cluster, replicas } })];
    }
    if (this.staleAnswers === 0) return undefined;
    const isPage = subject.startsWith('$JS.API.DIRECT.GET.');
    if (!isPage && !subject.startsWith('$JS.API.STREAM.MSG.GET.')) return undefined;
    this.staleAnswers--;
    return isPage ? [NO_MESSAGES, ''] : ['', NOT_FOUND];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Returns the protocol's text that delivers a message to a subscription. */
function delivered(
  reply: string,
  subscriptions: ReadonlyMap<string, string>,
  [headers, data]: readonly [headers: string, data: string],
): string {
  const id = subscriptions.get(reply) ?? subscriptions.get(reply.replace(/[^.]*$/, '*'));
  const sizes = headers === '' ? `${data.length}` : `${headers.length} ${headers.length + data.length}`;
  return `${headers === '' ? 'MSG' : 'HMSG'} ${reply} ${id} ${sizes}${CRLF}${headers}${data}${CRLF}`;
}
