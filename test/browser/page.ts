/**
 * What the test's page runs, bundled by esbuild: the loader with a guest of the bank, and the same commands on the module
 * in the page itself. The outcome is text in the document.
 */
import { account } from '../../examples/bank/account.ts';
import { componentModule } from '../../src/adapters/hosts/component/index.ts';
import { createMemoryStore } from '../../src/adapters/stores/memory/index.ts';
import { createEventSourcer, type Envelope } from '../../src/core/index.ts';
import type { CommandHandler } from '../../src/core/worlds.ts';

/** What the page has of a document; the rest of the repository has no DOM. */
declare const document: { title: string; readonly body: { textContent: string } };

const COMMANDS = [
  account.commands.Deposit({ accountId: '0001', amount: 5 }),
  account.commands.OpenAccount({ accountId: '0001', owner: 'Łucja 山田 🎈' }),
  account.commands.Deposit({ accountId: '0001', amount: 100_000, transferId: 't' }),
  account.commands.Withdraw({ accountId: '0001', amount: 100_001 }),
  account.commands.Withdraw({ accountId: '0001', amount: 100_000 }),
  account.commands.CloseAccount({ accountId: '0001' }),
];

/** Everything that the event sourcer says and keeps, as text. */
async function storyOf(module: CommandHandler<unknown, unknown, unknown>, envelopes: readonly Envelope[]) {
  const sourcer = createEventSourcer({ store: createMemoryStore({ now: () => 0 }), modules: [module] });
  const lines: string[] = [];
  for (const [index, envelope] of envelopes.entries()) {
    const { outcome, events } = await sourcer.handleCommand(envelope, { commandId: String(index) });
    const written = events.map(({ event, context }) => `${context.id} ${event.type} ${[...event.payload]}`);
    lines.push(JSON.stringify(outcome), ...written);
  }
  lines.push([...(await sourcer.readState('account-0001')).state].join());
  await sourcer.close();
  return lines;
}

/** Whether the page's policy holds: generating code must not work in it. */
function generatesCode(): boolean {
  try {
    return Boolean(Reflect.construct(Function, ['return true'])());
  } catch {
    return false;
  }
}

async function run(): Promise<object> {
  const response = await fetch('/bank.wasm');
  const guest = await componentModule(await response.arrayBuffer());
  const envelopes = COMMANDS.map((command) => account.types.command.toEnvelope(command));
  const [ours, theirs] = [
    await storyOf(account as CommandHandler<unknown, unknown, unknown>, envelopes),
    await storyOf(guest as CommandHandler<unknown, unknown, unknown>, envelopes),
  ];
  return {
    generatesCode: generatesCode(),
    same: JSON.stringify(ours) === JSON.stringify(theirs),
    steps: theirs.length,
    handles: guest.statistics.handles,
    digest: guest.routing.describe().digest?.length,
  };
}

const show = (text: string) => {
  document.title = 'done';
  document.body.textContent = `outcome:${text}:end`;
};
run().then(
  (outcome) => show(JSON.stringify(outcome)),
  (error: unknown) => show(JSON.stringify({ error: String(error) })),
);
