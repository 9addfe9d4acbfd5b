/** What a browser's user of the package does, in pages that allow WebAssembly and forbid `eval`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { account } from '../../examples/bank/account.ts';
import { componentModule } from '../../src/adapters/hosts/component/index.ts';
import type { CommandHandler } from '../../src/core/worlds.ts';
import { Chromium, withoutChromium } from './chromium.ts';
import { ledgerOf } from './ledger.ts';
import { Site } from './site.ts';

describe('in headless Chromium', { skip: withoutChromium, timeout: 120_000 }, () => {
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
    test(`an event sourcer keeps what one in Node keeps, hash for hash, with the guest in ${guest} and without`, async () => {
      const bank = readFileSync(new URL(`../../examples/guests/${guest}/bank.wasm`, import.meta.url));
      site.serve(`/${guest}.wasm`, 'application/wasm', bank);
      const ofTheGuest = await ledgerOf((await componentModule(bank)) as CommandHandler<unknown, unknown, unknown>);
      const ofTheModule = await ledgerOf(account as CommandHandler<unknown, unknown, unknown>);
      assert.deepEqual(await outcomeOf('bank', { guest }), {
        generatesCode: false,
        ofTheGuest,
        ofTheModule,
        handles: 0,
        digest: 32,
      });
      // A commit says which code has decided, so the hashes are others.
      assert.deepEqual({ ...ofTheGuest, hashes: [] }, { ...ofTheModule, hashes: [] });
      assert.deepEqual([ofTheGuest.intact, ofTheGuest.hashes.length], [true, 7]);
    });
  }
});
