import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { componentEmbed, componentNew, componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';

const folder = new URL('../../wit/', import.meta.url);

/** The package as one text, because WIT allows only one `package` line, but several interfaces, in a file. */
function witSource(): string {
  const files = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const header = 'package decidable:eventsourcing@0.1.0;';
  for (const file of files) assert.ok(file.startsWith(header), 'each file names the package and its version');
  return [header, ...files.map((file) => file.slice(header.length))].join('\n');
}

const worlds = {
  'command-handler': { imports: [], exports: ['types', 'decider', 'routing'] },
  'process-manager': { imports: [], exports: ['types', 'event-handler'] },
  'read-model': { imports: [], exports: ['types', 'projector'] },
  'event-sourcing': { imports: ['types', 'decider', 'routing', 'event-store'], exports: ['event-sourcer'] },
  'event-storage': { imports: [], exports: ['event-store'] },
};

for (const [world, { imports, exports }] of Object.entries(worlds)) {
  test(`wasm-tools accepts the world ${world} and finds its interfaces`, async () => {
    const core = await componentEmbed({ witSource: witSource(), world, dummy: true, stringEncoding: 'utf8' });
    const wit = await componentWit(await componentNew(core, []));
    const [root = ''] = wit.split('\npackage ');
    for (const name of exports) assert.match(root, new RegExp(`export decidable:eventsourcing/${name}@0\\.1\\.0;`));
    for (const name of imports) assert.match(root, new RegExp(`import decidable:eventsourcing/${name}@0\\.1\\.0;`));
  });
}
