/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable decision`: prints the record of a decision with its command and its events. */
import type { EventStore } from '../../../core/event-store.ts';
import { commandUuid } from '../../../core/ids.ts';
import type { RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import type { Messages } from '../messages.ts';
import { oneLine } from '../output.ts';
import type { Session } from '../session.ts';
import { eventLine, eventRecord } from './events.ts';

export async function decision(session: Session, commandId: string): Promise<number> {
  const messages = await session.messages();
  await using store = await session.openToRead();
  const recorded = await store.findDecision(commandUuid(commandId));
  if (recorded === undefined) {
    throw new CommandLineError(
      'not-found',
      `the store has no decision on the command "${commandId}"; pass the id with which it was sent`,
      { argument: 'command-id' },
    );
  }
  const events = await eventsOf(store, recorded);
  const { output } = session;
  if (output.isJson) {
    await output.document(recordOf(recorded, events, messages));
    return DONE;
  }
  const rows = rowsOf(recorded, messages).map(([name, value]) => `${output.styled('dim', name.padEnd(12))}${value}`);
  await output.text(...rows, ...events.map((event) => eventLine(event, messages, output)));
  return DONE;
}

async function eventsOf(
  store: EventStore,
  { stream, firstRevision, eventCount }: RecordedDecision,
): Promise<readonly RecordedEvent[]> {
  if (firstRevision === undefined) return [];
  return store.readStream(stream, { direction: 'forward', fromRevision: firstRevision, limit: eventCount });
}

function recordOf(
  { stream, decision, firstRevision, eventCount, recordedAt, hash }: RecordedDecision,
  events: readonly RecordedEvent[],
  messages: Messages,
): object {
  const { command, contentType, module, ...others } = decision;
  const { type, schemaVersion } = command;
  return {
    ...others,
    stream,
    command: { type, schemaVersion, contentType, ...messages.command(command, contentType, module.name) },
    module: { ...module, digest: hexOf(module.digest) },
    firstRevision,
    eventCount,
    recordedAt: new Date(Number(recordedAt)),
    hash: hexOf(hash),
    events: events.map((event) => eventRecord(event, messages)),
  };
}

function rowsOf(
  { stream, decision, recordedAt, hash }: RecordedDecision,
  messages: Messages,
): readonly (readonly [string, string])[] {
  const { commandId, command, contentType, module, seenRevision, outcome, actor } = decision;
  const { data, payload } = messages.command(command, contentType, module.name);
  const content = payload === undefined ? JSON.stringify(data) : `(${payload.length} bytes of ${contentType})`;
  const verdict = outcome.tag === 'accepted' ? 'accepted' : `rejected: ${outcome.val.message} (${outcome.val.code})`;
  return [
    ['command', `${oneLine(command.type)} ${oneLine(content)}`],
    ['outcome', oneLine(verdict)],
    ...(outcome.tag === 'rejected'
      ? outcome.val.details.map(([name, value]) => ['', `${oneLine(name)}: ${oneLine(value)}`] as const)
      : []),
    ['stream', oneLine(stream)],
    ['saw', seenRevision === undefined ? 'no events' : `revision ${seenRevision}`],
    ['module', `${module.name} ${module.version}`],
    ['recorded', new Date(Number(recordedAt)).toISOString()],
    ...(actor === undefined ? [] : [['actor', oneLine(actor)] as const]),
    ['command id', commandId],
    ['cause', oneLine(decision.causationId ?? 'none')],
    ['correlation', oneLine(decision.correlationId)],
    ['hash', hexOf(hash) ?? ''],
  ];
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}
