/** The capabilities of the stores, as the stores, the errors and the README declare them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { openStore } from 'decidable/stores';
import { STORES_WITH } from '../../../src/core/processors/capabilities.ts';
import { ENGINES, Engines, skipWithout } from '../../servers/engines.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** The cells of the README's table, by capability and store. */
function declared(): ReadonlyMap<string, Readonly<Record<string, boolean>>> {
  const lines = readme.slice(readme.indexOf('\n| capability ')).trim().split('\n');
  const rows = lines.slice(0, lines.indexOf('')).map((line) => line.split('|').map((cell) => cell.trim()));
  const [[, , ...names] = [], , ...capabilities] = rows;
  return new Map(
    capabilities.map(([, name = '', ...cells]) => [
      /^`(\w+)`/.exec(name)?.[1] ?? name,
      Object.fromEntries(cells.slice(0, -1).map((cell, index) => [names[index], cell === 'yes'])),
    ]),
  );
}

const table = declared();
for (const name of ENGINES) {
  describe(`the store ${name}`, { skip: skipWithout(name) }, () => {
    test('has the capabilities that the README and the errors declare', async () => {
      await using store = await openStore(await engines.newAddress(name));
      const { capabilities, tables, inline } = store.processors;
      const actual: Readonly<Record<string, boolean>> = {
        tables: capabilities.tables,
        inline: capabilities.inline,
        appendExclusively: store.appendExclusively !== undefined,
        backup: store.backup !== undefined,
      };
      assert.deepEqual([...table.keys()].sort(), Object.keys(actual).sort());
      for (const [capability, has] of Object.entries(actual)) {
        assert.equal(table.get(capability)?.[name], has, capability);
      }
      assert.deepEqual([tables !== undefined, inline !== undefined], [capabilities.tables, capabilities.inline]);
      assert.equal(STORES_WITH.tables.includes(name), capabilities.tables);
      assert.equal(STORES_WITH.inline.includes(name), capabilities.inline);
    });
  });
}
