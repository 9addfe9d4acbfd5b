/** `decidable state`: folds a stream and prints the state. */
import type { EventStore } from '../../../core/event-store.ts';
import { createEventSourcer } from '../../../core/loop/create-event-sourcer.ts';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { stateByContentType } from '../messages.ts';
import type { Session } from '../session.ts';

export interface StateOptions {
  readonly revision?: bigint | undefined;
  readonly module?: string | undefined;
}

export async function state(session: Session, stream: string, options: StateOptions): Promise<number> {
  await session.config();
  const messages = await session.messages();
  await using store = await session.openToRead();
  const module = messages.module(options.module ?? (await moduleOf(store, stream)));
  await using sourcer = createEventSourcer({ store, modules: [module] });
  const { name, version, contentType } = module.routing.describe();
  const { revision } = options;
  const folded = await sourcer.readState(stream, { revision });
  // A handle into a component has no readable content.
  const decoded =
    module.types.state.drop === undefined
      ? { data: (await sourcer.state(module, stream, { revision })).state, decodedBy: name }
      : stateByContentType(name, folded.state, contentType);
  const { output } = session;
  if (output.isJson) {
    const { data, ...others } = decoded;
    await output.document({ stream, revision: folded.revision, module: name, version, state: data, ...others });
    return DONE;
  }
  await output.text(output.styled('dim', `${stream} at revision ${folded.revision}, folded by ${name} ${version}`));
  await output.document(decoded.data ?? decoded);
  return DONE;
}

/** Returns the name of the module that decided the stream's first event. */
async function moduleOf(store: EventStore, stream: string): Promise<string> {
  const [first] = await store.readStream(stream, { direction: 'forward', limit: 1 });
  const decision = first && (await store.findDecision(first.context.causationId));
  if (decision !== undefined) return decision.decision.module.name;
  throw new CommandLineError(
    'not-found',
    `the stream "${stream}" has no events; \`decidable events\` lists all events`,
    { argument: 'stream' },
  );
}
