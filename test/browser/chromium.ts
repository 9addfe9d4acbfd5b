/**
 * Headless Chromium, which is started once and opens one page after another. The pages are opened over a pipe. No other
 * part of the debugging protocol is used, because a debugged page may violate its policy.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const CHROMIUM = '/usr/bin/chromium';

/** The reason to skip a test that opens a page, in the form of the option `skip` of `node:test`. */
export const withoutChromium: string | false = !existsSync(CHROMIUM) && `install chromium: ${CHROMIUM} is not there`;

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];

export class Chromium {
  readonly #profile: string;
  readonly #process: ChildProcess;
  /** Resolves with the text that it has written to standard error. */
  readonly #ended: Promise<string>;

  constructor() {
    this.#profile = mkdtempSync(join(tmpdir(), 'decidable-chromium-'));
    // Chromium reads commands from file descriptor 3 and writes responses to file descriptor 4.
    this.#process = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${this.#profile}`], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => said.push(text));
    (this.#process.stdio[4] as Readable).resume();
    this.#orders.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#process.on('error', (error) => resolve(String(error)));
      this.#process.on('close', () => resolve(said.join('')));
    });
  }

  get #orders(): Writable {
    return this.#process.stdio[3] as Writable;
  }

  #order(id: number, method: string, params: object = {}): void {
    this.#orders.write(`${JSON.stringify({ id, method, params })}\0`);
  }

  /** Opens a page, and waits for its result. */
  async open<Outcome>(url: string, outcome: Promise<Outcome>): Promise<Outcome> {
    this.#order(1, 'Target.createTarget', { url });
    return Promise.race([
      outcome,
      this.#ended.then((said) => Promise.reject(new Error(`chromium has ended: ${said}`))),
    ]);
  }

  async close(): Promise<void> {
    this.#order(2, 'Browser.close');
    await this.#ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
