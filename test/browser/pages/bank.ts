/** Runs the whole event sourcer in a page, with a guest of the bank, and with the TypeScript module in the page. */

import { loadModule } from 'decidable/component/host';
import { account } from '../../../examples/bank/account.ts';
import type { CommandHandler } from '../../../src/core/worlds.ts';
import { ledgerOf } from '../ledger.ts';
import { params, report } from '../outcome.ts';

/** Returns whether the page can generate code, which its policy must prevent. */
function generatesCode(): boolean {
  try {
    return Boolean(Reflect.construct(Function, ['return true'])());
  } catch {
    return false;
  }
}

void report(async () => {
  const response = await fetch(`/${params.get('guest')}.wasm`);
  const guest = await loadModule(await response.arrayBuffer());
  return {
    generatesCode: generatesCode(),
    ofTheGuest: await ledgerOf(guest as CommandHandler<unknown, unknown, unknown>),
    ofTheModule: await ledgerOf(account as CommandHandler<unknown, unknown, unknown>),
    handles: guest.statistics.handles,
    digest: guest.routing.describe().digest?.length,
  };
});
