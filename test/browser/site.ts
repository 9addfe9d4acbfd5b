/**
 * The server of the pages, which runs on this machine. It serves the bundled scripts of `pages/` and the files of a
 * test. The policy of the pages allows WebAssembly, and forbids generating code from text.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const policyOf = (scripts: string) =>
  `default-src 'none'; script-src ${scripts}; connect-src 'self'; worker-src 'self'`;

/** The smallest policy that permits WebAssembly. */
const POLICY = policyOf("'self' 'wasm-unsafe-eval'");
const POLICY_WITHOUT_WASM = policyOf("'self'");

/** Answers a request of a test. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class Site {
  readonly #server: Server;
  readonly #answers = new Map<string, Answer>();
  readonly #visits: ((outcome: unknown) => void)[] = [];

  private constructor(scripts: ReadonlyMap<string, Uint8Array>) {
    for (const [name, script] of scripts) {
      this.serve(`/${name}.js`, 'text/javascript', script);
      this.serve(`/${name}`, 'text/html', page(name), name === 'without-wasm' ? POLICY_WITHOUT_WASM : POLICY);
    }
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://none/');
      const visit = /^\/outcome\/(\d+)$/.exec(pathname)?.[1];
      if (visit === undefined) return (this.#answers.get(pathname) ?? nothing)(request, response);
      void text(request).then((outcome) => this.#visits[Number(visit)]?.(JSON.parse(outcome)));
      response.end();
    });
  }

  static async open(): Promise<Site> {
    const site = new Site(await bundled());
    await new Promise<void>((resolve) => site.#server.listen(0, '127.0.0.1', resolve));
    return site;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  serve(path: string, type: string, body: string | Uint8Array, policy: string = POLICY): void {
    this.answer(path, (_, response) => {
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy });
      response.end(body);
    });
  }

  answer(path: string, answer: Answer): void {
    this.#answers.set(path, answer);
  }

  /** Returns the address of a page, and its result when it is done. */
  visit(name: string, params: Readonly<Record<string, string>> = {}): { url: string; outcome: Promise<unknown> } {
    const { port } = this.#server.address() as AddressInfo;
    const query = new URLSearchParams({ ...params, visit: String(this.#visits.length) });
    const outcome = new Promise((resolve) => this.#visits.push(resolve));
    return { url: `http://127.0.0.1:${port}/${name}?${query}`, outcome };
  }
}

function page(name: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${name}</title><body><script type="module" src="/${name}.js"></script>`;
}

const nothing: Answer = (_, response) => {
  response.writeHead(404, { 'content-type': 'text/plain' });
  response.end('there is nothing here');
};

/** Bundles each file of `pages/` for browsers. */
async function bundled(): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('pages/*.ts', import.meta.url))],
    outdir: 'pages',
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['decidable-source'],
    alias: { 'node:fs/promises': fileURLToPath(new URL('read-file.ts', import.meta.url)) },
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  return new Map(outputFiles.map(({ path, contents }) => [basename(path, '.js'), contents]));
}
