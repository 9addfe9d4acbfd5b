/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable parked`: lists, shows, retries and drops parked events. */
import { readParked } from '../../../core/processors/parked-events.ts';
import type {
  ParkedEvent,
  ParkedFilter,
  ProcessorStore,
  SubscriptionId,
} from '../../../core/processors/processor-store.ts';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import type { Messages } from '../messages.ts';
import { oneLine } from '../output.ts';
import { findSubscription, reasonJson } from '../parts.ts';
import type { Session } from '../session.ts';
import { eventLine, eventRecord } from './events.ts';

export interface ListParkedOptions {
  readonly subscription?: string | undefined;
  readonly key?: string | undefined;
}

export async function listParked(session: Session, options: ListParkedOptions): Promise<number> {
  const messages = await session.messages();
  await using store = await session.openProcessorsToRead();
  const { processors } = store;
  const { key } = options;
  const subscription =
    options.subscription === undefined
      ? undefined
      : await findSubscription(processors, options.subscription, '--subscription');
  const parked = await allParked(processors, { subscription, key });
  const { output } = session;
  if (output.isJson) {
    await output.document(parked.map((one) => jsonOf(one, messages)));
    return DONE;
  }
  if (parked.length === 0) {
    await output.text('nothing is parked');
    return DONE;
  }
  await output.table({
    head: ['subscription', 'key', 'position', 'event', 'attempts', 'parked at', 'reason'],
    numbers: ['position', 'attempts'],
    rows: parked.map(({ subscription: { name }, key, event, attempts, parkedAt, reason, requested }) => [
      name,
      key,
      String(event.context.position),
      event.event.type,
      String(attempts),
      new Date(parkedAt).toISOString(),
      (requested === 'retry' ? 'to be retried; ' : '') + (reason?.message ?? 'waits for an earlier event of its key'),
    ]),
  });
  return DONE;
}

export async function showParked(session: Session, name: string, key: string): Promise<number> {
  const messages = await session.messages();
  await using store = await session.openProcessorsToRead();
  const { parked } = await parkedOf(store.processors, name, key);
  const { output } = session;
  if (output.isJson) {
    await output.document(parked.map((one) => jsonOf(one, messages)));
    return DONE;
  }
  for (const { event, reason, attempts, parkedAt, requested } of parked) {
    await output.text(
      eventLine(event, messages, output),
      `         parked ${new Date(parkedAt).toISOString()} after ${attempts === 1 ? '1 attempt' : `${attempts} attempts`}${requested === 'retry' ? ', to be retried' : ''}`,
      reason === undefined
        ? '         waits for an earlier event of its key'
        : `         ${output.styled('red', oneLine(reason.message))} (${oneLine(reason.code)})`,
    );
  }
  return DONE;
}

export async function retryParked(session: Session, name: string, key: string): Promise<number> {
  await using store = await session.openProcessorsToChange();
  const { processors } = store;
  const { subscription } = await parkedOf(processors, name, key);
  const events = await processors.requestRetry(subscription, key);
  const shares = await processors.listShares(subscription);
  const now = Date.now();
  const isRunning = shares.some(({ holder, expiresAt }) => holder !== undefined && expiresAt > now);
  const { output } = session;
  if (output.isJson) await output.document({ ...subscription, key, events, isRunning });
  else {
    const next = isRunning
      ? 'the process that runs it will process them'
      : 'no process is running it; start one with `decidable run`';
    await output.text(`${subscription.name}, key ${oneLine(key)}: ${counted(events)} to be retried; ${next}`);
  }
  return DONE;
}

export interface DropParkedOptions {
  readonly all?: boolean | undefined;
}

export async function dropParked(
  session: Session,
  name: string,
  key: string,
  { all }: DropParkedOptions,
): Promise<number> {
  await using store = await session.openProcessorsToChange();
  const { processors } = store;
  const { subscription } = await parkedOf(processors, name, key);
  const events = await processors.dropParked(subscription, key, all ? 'all' : 'first');
  const { output } = session;
  if (output.isJson) await output.document({ ...subscription, key, events });
  else await output.text(`${subscription.name}, key ${oneLine(key)}: ${counted(events)} dropped`);
  return DONE;
}

async function allParked(
  processors: ProcessorStore,
  filter: Pick<ParkedFilter, 'subscription' | 'key'>,
): Promise<readonly ParkedEvent[]> {
  const parked: ParkedEvent[] = [];
  for await (const one of readParked(processors, filter)) parked.push(one);
  return parked;
}

/** Returns the parked events of a key. @throws CommandLineError `not-found` if the key has no parked events. */
async function parkedOf(
  processors: ProcessorStore,
  name: string,
  key: string,
): Promise<{ readonly subscription: SubscriptionId; readonly parked: readonly ParkedEvent[] }> {
  const subscription = await findSubscription(processors, name, 'subscription');
  const parked = await allParked(processors, { subscription, key });
  if (parked.length > 0) return { subscription, parked };
  throw new CommandLineError(
    'not-found',
    `${subscription.name} has no parked events of the key "${key}"; list the keys with \`decidable parked list\``,
    { argument: 'key' },
  );
}

function jsonOf({ subscription, event, reason, parkedAt, ...others }: ParkedEvent, messages: Messages): object {
  return {
    ...subscription,
    ...others,
    parkedAt: new Date(parkedAt),
    reason: reasonJson(reason),
    event: eventRecord(event, messages),
  };
}

function counted(events: number): string {
  return events === 1 ? '1 event' : `${events} events`;
}
