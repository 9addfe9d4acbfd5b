/**
 * Runs the bank's suite on every host that needs no toolchain: the module in the process, and the checked-in guests.
 */
import { readFile } from 'node:fs/promises';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import { account } from '../../../../examples/bank/account.ts';
import type { CommandHandler } from '../../../../src/core/worlds.ts';
import { bankSuite } from './bank-suite.ts';

bankSuite({
  name: 'in the process',
  module: async () => account as CommandHandler<unknown, unknown, unknown>,
  runs: 20,
});

for (const guest of ['c', 'rust', 'assemblyscript']) {
  for (const isolation of ['pooled', 'fresh'] as const) {
    let module: Promise<ComponentCommandHandler> | undefined;
    let handles = 0;
    bankSuite({
      name: `as a component written in ${guest}, ${isolation}`,
      module: async () => {
        module ??= readFile(new URL(`../../../../examples/guests/${guest}/bank.wasm`, import.meta.url)).then((bytes) =>
          loadModule(bytes, { isolation }),
        );
        const loaded = await module;
        handles = loaded.statistics.handles;
        return loaded as CommandHandler<unknown, unknown, unknown>;
      },
      handles: () => handles,
      runs: isolation === 'pooled' ? 200 : 10,
    });
  }
}
