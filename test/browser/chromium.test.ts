/** The package in a browser, in pages that allow WebAssembly and forbid `eval`. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CommandHandler } from 'decidable';
import { compile } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { account } from '../../examples/bank/account.ts';
import { decode } from '../../src/adapters/component/binary/decode.ts';
import { coreModulesOf } from '../../src/adapters/component/linking/plan.ts';
import { assemble } from '../adapters/component/assemble.ts';
import { answersOf, askingGuest } from '../adapters/component/host/asking-guest.ts';
import { coreText, countingGuest } from '../adapters/component/host/counting-guest.ts';
import { Chromium, withoutChromium } from './chromium.ts';
import { ledgerOf } from './ledger.ts';
import { Site } from './site.ts';
import { systemStoryOf } from './system-story.ts';
import type { Thrown } from './thrown.ts';
import { WAITING_GUEST } from './waiting-guest.ts';
import { WASI_GUEST } from './wasi-guest.ts';
import { type WasiStory, wasiStoryOf } from './wasi-story.ts';

/** The timeout of a page that never reports its result. */
const TIMEOUT = { timeout: 60_000 };

const bankIn = (language: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../examples/guests/${language}/bank.wasm`, import.meta.url)));
const bank = bankIn('c');

describe('the package in headless Chromium', { skip: withoutChromium }, () => {
  let site: Site;
  let chromium: Chromium;

  before(async () => {
    site = await Site.open();
    chromium = new Chromium();
  });

  after(async () => {
    await chromium.close();
    await site.close();
  });

  const outcomeOf = async (page: string, params?: Readonly<Record<string, string>>): Promise<unknown> => {
    const { url, outcome } = site.visit(page, params);
    return chromium.open(url, outcome);
  };

  for (const guest of ['c', 'rust', 'assemblyscript']) {
    test(`stores the same commits and hashes as in Node, with the guest in ${guest} and without`, TIMEOUT, async () => {
      const bytes = bankIn(guest);
      site.serve(`/${guest}.wasm`, 'application/wasm', bytes);
      const ofTheGuest = await ledgerOf((await loadModule(bytes)) as CommandHandler<unknown, unknown, unknown>);
      const ofTheModule = await ledgerOf(account as CommandHandler<unknown, unknown, unknown>);
      assert.deepEqual(await outcomeOf('bank', { guest }), {
        generatesCode: false,
        ofTheGuest,
        ofTheModule,
        handles: 0,
        digest: 32,
      });
      // A commit names the code that has decided, so the hashes differ.
      assert.deepEqual({ ...ofTheGuest, hashes: [] }, { ...ofTheModule, hashes: [] });
      assert.deepEqual([ofTheGuest.intact, ofTheGuest.hashes.length], [true, 7]);
    });
  }

  test('runs a posted component in a worker without compiling it again', TIMEOUT, async () => {
    site.serve('/bank.wasm', 'application/wasm', bank);
    const exports = (await compile(bank)).exports.map(({ name }) => name);
    assert.deepEqual(await outcomeOf('posted'), { exports, compiled: 0 });
  });

  describe('a component in a response', () => {
    const ends = coreModulesOf(decode(bank)).map(({ bytes }) => bytes.byteOffset + bytes.length);
    const header = { 'content-type': 'application/wasm' };

    test('is compiled while it arrives, with any name and any content encoding', TIMEOUT, async () => {
      site.serve('/bank.wasm', 'application/wasm', bank);
      site.serve('/text.wasm', 'text/plain', bank);
      site.answer('/compressed.wasm', (_, response) => {
        response.writeHead(200, { ...header, 'content-encoding': 'gzip' });
        response.end(gzipSync(bank));
      });
      // After each core module the server waits until the page asks it to continue, which it does when the engine has
      // the module. A loader that waited for the whole component would wait forever.
      let goOn = (): void => assert.fail('nothing was asked for yet');
      site.answer('/in-pieces.wasm', (_, response) => {
        const pieces = [0, ...ends].map((start, index) => bank.subarray(start, ends[index]));
        goOn = () => {
          response.write(pieces.shift());
          if (pieces.length === 0) response.end();
        };
        response.writeHead(200, header);
        goOn();
      });
      site.answer('/go-on', (_, response) => {
        goOn();
        response.end();
      });
      const exports = (await compile(bank)).exports.map(({ name }) => name);
      assert.deepEqual(await outcomeOf('downloads'), {
        ofAPromise: exports,
        ofAResponse: exports,
        compressed: exports,
        asText: exports,
        inPieces: exports,
        pieces: ends.length + 1,
        name: 'bank.account',
      });
    });

    test('is refused if it is another file, is truncated, or is aborted', TIMEOUT, async () => {
      site.serve('/bank.wasm', 'application/wasm', bank);
      site.serve('/empty.wasm', 'application/wasm', '');
      site.serve('/cut-off.wasm', 'application/wasm', bank.subarray(0, 20_000));
      site.answer('/torn-off.wasm', (_, response) => {
        response.writeHead(200, header);
        response.write(bank.subarray(0, 20_000), () => response.destroy());
      });
      const left = Promise.withResolvers<void>();
      site.answer('/endless.wasm', (_, response) => {
        response.on('close', left.resolve);
        response.writeHead(200, header);
        response.write(bank.subarray(0, ends[0]));
      });
      const thrown = (await outcomeOf('failed-downloads')) as Record<string, Thrown>;
      const named = Object.entries(thrown).map(([what, { name, code }]) => [what, code ?? name]);
      assert.deepEqual(Object.fromEntries(named), {
        missing: 'invalid-argument',
        anotherPage: 'malformed',
        empty: 'malformed',
        cutOff: 'malformed',
        tornOff: 'TypeError',
        readBefore: 'TypeError',
        aborted: DOMException.ABORT_ERR,
      });
      await left.promise;
    });
  });

  test('runs guests with virtual WASI as in Node', TIMEOUT, async () => {
    const [printing, asking] = [await assemble(WASI_GUEST), await askingGuest()];
    site.serve('/printing-guest.wasm', 'application/wasm', printing);
    site.serve('/asking-guest.wasm', 'application/wasm', asking);
    // A UUIDv7: 2023-11-14 22:13:20.123.
    const seed = '018bcfe5-687b-7000-8000-000000000001';
    const story = (await outcomeOf('wasi', { seed })) as WasiStory;
    assert.deepEqual(story, await wasiStoryOf(printing, asking, seed));
    const { stdout, stderr, ended, denied, told } = story;
    assert.deepEqual([stdout, stderr, ended], [['Łucja', 'and 山田'], ['Łucja', 'and 山田'], 1]);
    assert.deepEqual(
      denied.map((each) => each?.code),
      ['not-granted', 'trap'],
    );
    assert.deepEqual(
      told.map((bytes) => answersOf(Uint8Array.from(bytes)).time),
      [1_700_000_000_123_000_000n],
    );
  });

  test('returns and stores the same values as in Node if the parts of a system are components', TIMEOUT, async () => {
    for (const part of ['gateway', 'event-sourcer', 'event-store', 'event-handler', 'projector']) {
      const file = new URL(`../../examples/system/components/${part}.wasm`, import.meta.url);
      site.serve(`/components/${part}.wasm`, 'application/wasm', readFileSync(file));
    }
    site.serve('/guests/rust/bank.wasm', 'application/wasm', bankIn('rust'));
    const story = await systemStoryOf(['gateway', 'sourcer']);
    assert.equal(new Set(story.hashes).size, 7);
    const outcome = await outcomeOf('system');
    if (outcome !== 'cannot wait') assert.deepEqual(outcome, { ofComponents: story, withAStoreInThePage: story });
  });

  test('reports every failure with its code', TIMEOUT, async () => {
    const files = {
      counting: await countingGuest('command-handler'),
      asking: await askingGuest(),
      bank,
      invalid: await assemble('(component (export "f" (func 0)))'),
      'core-invalid': await assemble('(component (core module (func (result i32))))'),
    };
    for (const [name, bytes] of Object.entries(files)) site.serve(`/${name}.wasm`, 'application/wasm', bytes);
    assert.deepEqual(await outcomeOf('failures'), {
      trap: {
        trap: 'trap',
        next: 'none',
        stale: 'stale-handle',
        endless: 'stack-overflow',
        nextAgain: 'none',
        instances: 3,
      },
      trapInTheEventSourcer: { trapped: 'trap: trap', next: 'accepted 1' },
      budgets: {
        fuel: ['fuel-exhausted', 'none'],
        callDepth: ['call-depth-exhausted', 'none'],
        memory: 'memory-exhausted',
      },
      answers: { fault: 'unknown-type', shape: 'invalid-shape', rejection: 'not-open' },
      components: {
        malformed: 'malformed',
        invalid: 'invalid',
        coreInvalid: 'invalid',
        importMissing: 'link',
        importWaits: 'link',
        otherWorld: 'link',
      },
    });
  });

  test('suspends a guest while the page waits for a server, and serializes its calls', TIMEOUT, async (t) => {
    site.serve('/waiting.wasm', 'application/wasm', await assemble(WAITING_GUEST));
    site.answer('/answers', (request, response) => {
      const question = new URL(request.url!, 'http://none/').searchParams.get('question')!;
      response.writeHead(/password/.test(question) ? 403 : 200);
      response.end(`not ${question}`);
    });
    const outcome = await outcomeOf('waiting');
    if (typeof outcome === 'string') return t.skip(outcome);
    const [first, second, third] = ['Who is 山田?', 'And Łucja?', 'What is the password?'];
    assert.deepEqual(outcome, {
      answers: [`not ${first}`, `not ${second}`],
      log: [first, second, third].flatMap((question) => [question, `not ${question}`]),
      error: { name: 'ComponentError', message: `not ${third}`, code: 'error' },
    });
  });

  test('names the policy that forbids WebAssembly in the error', TIMEOUT, async () => {
    site.serve('/bank.wasm', 'application/wasm', bank);
    const refused = Object.entries((await outcomeOf('without-wasm')) as Record<string, Thrown>);
    assert.deepEqual(
      refused.map(([what]) => what),
      ['ofBytes', 'ofAResponse', 'atOnce'],
    );
    for (const [, { name, code, message }] of refused) {
      assert.match(message, /Content Security Policy/);
      assert.deepEqual([name, code], ['CompileError', undefined], 'nothing is wrong with the component');
    }
  });

  describe('a guest of more than 8 MiB', () => {
    const codes = (outcome: unknown) =>
      Object.fromEntries(
        Object.entries(outcome as Record<string, Thrown>).map(([what, thrown]) => [what, thrown.code ?? thrown.name]),
      );

    before(async () => {
      // The module contains this data, but no instance copies it.
      const data = `(data "${' '.repeat(8 << 20)}")`;
      const large = await countingGuest('command-handler', coreText('command-handler').replace('(data', `${data} $&`));
      site.serve('/large.wasm', 'application/wasm', large);
    });

    test('runs in a page, and is replaced asynchronously after a trap', TIMEOUT, async () => {
      const { instances, ...thrown } = (await outcomeOf('large')) as Record<string, unknown>;
      assert.deepEqual(
        [codes(thrown), instances],
        [
          {
            compileSync: 'RangeError',
            instantiateSync: 'RangeError',
            fresh: 'RangeError',
            trapped: 'trap',
            next: 'instance-not-ready',
            stale: 'stale-handle',
          },
          2,
        ],
      );
    });

    test('runs in a worker as in Node, in either isolation', TIMEOUT, async () => {
      const { instances, ...thrown } = (await outcomeOf('in-worker', { script: 'large' })) as Record<string, unknown>;
      assert.deepEqual([codes(thrown), instances], [{ trapped: 'trap', stale: 'stale-handle' }, 2]);
    });
  });
});
