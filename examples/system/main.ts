/** Sends commands to a bank of components, and prints the responses, the stored events and the documents. */
import { account } from '../bank/account.ts';
import { HELP, type Options, PARTS, parseOptions, UsageError } from './options.ts';
import { composeSystem } from './system.ts';

const { OpenAccount, Deposit, Withdraw } = account.commands;
const accountId = 'anna';

/** Commands with their ids. One is sent twice. */
const COMMANDS = [
  ['c1', Deposit({ accountId, amount: 500 })],
  ['c2', OpenAccount({ accountId, owner: 'Anna' })],
  ['c3', Deposit({ accountId, amount: 700 })],
  ['c3', Deposit({ accountId, amount: 700 })],
  ['c3', Deposit({ accountId, amount: 7 })],
  ['c4', Withdraw({ accountId, amount: 900 })],
  ['c5', Withdraw({ accountId, amount: 700 })],
  ['c6', OpenAccount({ accountId: 'ben', owner: 'Ben' })],
  ['c7', Withdraw({ accountId: 'ben', amount: 1 })],
  ['c8', Deposit({ accountId: 'ben', amount: 40 })],
  // The event handler deposits the money into the other account.
  ['c9', Withdraw({ accountId: 'ben', amount: 15, transferId: 't1 to anna' })],
  // There is no such account, so the event handler returns the money.
  ['c10', Withdraw({ accountId: 'ben', amount: 5, transferId: 't2 to carl' })],
] as const;

async function run({ typescript, guest }: Options): Promise<void> {
  // Time is data: the same commands at the same times lead to the same events and the same hash.
  let time = Date.parse('2026-01-01T00:00:00Z');
  const { gateway, store, readers } = await composeSystem({ typescript, guest, now: () => time });

  for (const part of PARTS) {
    const component = part === 'command-handler' ? `examples/guests/${guest}` : 'component';
    console.log(`${part.padEnd(15)} ${typescript.has(part) ? 'TypeScript' : component}`);
  }
  console.log();

  for (const [id, command] of COMMANDS) {
    time += 1_000;
    const { payload } = account.types.command.toEnvelope(command);
    const { status, body } = await gateway.request(`/commands/${command.type}/${id}`, payload);
    console.log(`${command.type} ${id} → ${status} ${body}`);
    await readers.catchUp();
  }
  const { body } = await gateway.request(`/states/account-${accountId}`, new Uint8Array());
  console.log(`state → ${body}\n`);

  const all = {
    direction: 'forward',
    categories: [],
    eventTypes: [],
    events: [],
  } as const;
  let last = '';
  for (const { context, event } of await store.readAll(all)) {
    const at = new Date(Number(context.recordedAt)).toISOString();
    console.log(`${context.position} ${context.stream}@${context.revision} ${at} ${event.type} ${context.id}`);
    last = context.causationId;
  }
  const commit = await store.findDecision(last);
  if (commit !== undefined) console.log(`hash of the last commit: ${Buffer.from(commit.hash).toString('hex')}\n`);
  for (const [key, document] of readers.documents()) {
    console.log(`${key} ${JSON.stringify(account.types.state.fromBytes(document))}`);
  }
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
