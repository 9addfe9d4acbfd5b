/** The loader, the host and a guest of the bank in a browser, from a page that allows WebAssembly and forbids `eval`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const CHROMIUM = '/usr/bin/chromium';
const skip = !existsSync(CHROMIUM) && `install chromium: ${CHROMIUM} is not there`;

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const PAGE =
  '<!doctype html><meta charset="utf-8"><title>bank</title><body><script type="module" src="/page.js"></script>';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Time in the page runs as fast as its work allows, and the page is printed once there is none left.
  '--virtual-time-budget=30000',
  '--dump-dom',
];

describe('in headless Chromium', { skip }, () => {
  let server: Server;
  let profile: string;
  const files = new Map<string, { type: string; body: string | Uint8Array }>();

  before(async () => {
    profile = mkdtempSync(join(tmpdir(), 'decidable-chromium-'));
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      conditions: ['decidable-source'],
      define: { 'process.env.NODE_ENV': '"production"' },
      write: false,
    });
    files.set('/', { type: 'text/html', body: PAGE });
    files.set('/page.js', { type: 'text/javascript', body: bundle.outputFiles[0]!.contents });
    for (const guest of ['c', 'rust', 'assemblyscript']) {
      const body = readFileSync(new URL(`../../examples/guests/${guest}/bank.wasm`, import.meta.url));
      files.set(`/${guest}/bank.wasm`, { type: 'application/wasm', body });
    }
    server = createServer((request, response) => {
      // The page of a guest asks for `/bank.wasm`; which one that is, the page's own address says.
      const guest = new URL(request.headers.referer ?? 'http://none/').searchParams.get('guest');
      const path = new URL(request.url ?? '/', 'http://none/').pathname;
      const file = files.get(path === '/bank.wasm' ? `/${guest}/bank.wasm` : path);
      response.writeHead(file === undefined ? 404 : 200, {
        'content-type': file?.type ?? 'text/plain',
        'content-security-policy': POLICY,
        'referrer-policy': 'unsafe-url',
      });
      response.end(file?.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });

  for (const guest of ['c', 'rust', 'assemblyscript']) {
    test(`the guest in ${guest} does what the module in the page does, under a strict policy`, async () => {
      const { port } = server.address() as AddressInfo;
      const dom = await printed(`http://127.0.0.1:${port}/?guest=${guest}`, join(profile, guest));
      const outcome = /outcome:(.*):end/s.exec(dom)?.[1];
      assert.ok(outcome !== undefined, `the page did not finish: ${dom}`);
      const decoded = outcome.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<');
      assert.deepEqual(JSON.parse(decoded), { generatesCode: false, same: true, steps: 11, handles: 0, digest: 32 });
    });
  }
});

/** The document of a page after its scripts have run. */
function printed(url: string, profile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chromium = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${profile}`, url], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err]: [string[], string[]] = [[], []];
    chromium.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    chromium.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    chromium.on('error', reject);
    chromium.on('close', (code) => {
      if (code === 0) resolve(out.join(''));
      else reject(new Error(`chromium ended with ${code}: ${err.join('')}`));
    });
  });
}
