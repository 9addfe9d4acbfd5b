/**
 * Prints the files of `src` in the order in which one command enters their functions, as JSON. It runs in a process of
 * its own, because it adds a call to each function before the file is compiled.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';

const SOURCE = new URL('../../src/', import.meta.url).href;
const entered: string[] = [];
Reflect.set(globalThis, '__enter', (file: string) => entered.push(file));

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.startsWith(SOURCE)) return loaded;
    return { ...loaded, source: withEntries(url.slice(SOURCE.length), readFileSync(fileURLToPath(url), 'utf8')) };
  },
});

/** Adds a call of `__enter` to the start of each function and method. */
function withEntries(file: string, source: string): string {
  const starts: number[] = [];
  const add = ({ body }: { readonly body: { readonly start: number; readonly type: string } | null }) => {
    if (body?.type === 'BlockStatement') starts.push(body.start + 1);
  };
  new Visitor({
    FunctionDeclaration: add,
    ArrowFunctionExpression: add,
    MethodDefinition: ({ kind, value }) => {
      if (kind !== 'constructor') add(value);
    },
  }).visit(parseSync(file, source).program);
  return starts
    .toSorted((one, other) => other - one)
    .reduce((text, at) => `${text.slice(0, at)}__enter(${JSON.stringify(file)});${text.slice(at)}`, source);
}

const { createEventSourcer } = await import('decidable');
const { createSqliteStore } = await import('decidable/sqlite');
const { account } = await import('../../examples/bank/account.ts');
const { OpenAccount, Deposit } = account.commands;

await using store = createSqliteStore({ file: ':memory:' });
await using sourcer = createEventSourcer({ store, modules: [account], authorize: () => true });
await sourcer.dispatch(OpenAccount({ accountId: '7', owner: 'Ada' }));
const deposit = Deposit({ accountId: '7', amount: 250 });
entered.length = 0;
await sourcer.dispatch(deposit);
console.log(JSON.stringify(entered));
