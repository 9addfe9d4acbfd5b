/**
 * Handles a command id that is already recorded (docs/architecture.md, "Ids are derived"). The same command changes
 * nothing and returns its first outcome. A command with different content is an error.
 */
import type { CommandResult } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import type { Envelope, RecordedDecision, RecordedEvent } from '../messages.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import type { BoundModule } from './bound-module.ts';
import { type Cancellation, readStore } from './cancellation.ts';
import type { CommandInFlight } from './command-in-flight.ts';
import { refused, storeCorrupt } from './failures.ts';

/**
 * Returns the first outcome of a command that is already recorded.
 * @throws CommandFailure `command-id-reused`, `store`, `closed`, `cancelled` or `deadline-exceeded`.
 */
export async function firstOutcome(
  store: EventStore,
  command: CommandInFlight,
  recorded: RecordedDecision,
): Promise<CommandResult> {
  const { decision, stream, firstRevision, eventCount } = recorded;
  const difference = differenceOf(command, recorded);
  if (difference !== undefined)
    throw refused(
      'command-id-reused',
      command.commandId,
      `the command id ${JSON.stringify(command.options.commandId)} was already used for ${difference}; use a different ` +
        'id for each command',
    );
  const events =
    firstRevision === undefined ? [] : await readBack(store, recorded, firstRevision, command.cancellation);
  return command.result({
    commandId: decision.commandId,
    stream,
    module: decision.module.name,
    outcome: decision.outcome,
    events,
    // A decision without events was recorded only because the stream still ended at the seen revision.
    revision: firstRevision === undefined ? decision.seenRevision : firstRevision + BigInt(eventCount - 1),
    duplicate: true,
    attempts: 0,
  });
}

async function readBack(
  store: EventStore,
  { stream, eventCount }: RecordedDecision,
  firstRevision: bigint,
  cancellation: Cancellation | undefined,
): Promise<readonly RecordedEvent[]> {
  const events = await readStore(
    () => store.readStream(stream, { direction: 'forward', fromRevision: firstRevision, limit: eventCount }),
    cancellation,
  );
  if (events.length === eventCount) return events;
  throw storeCorrupt(
    `a decision of stream ${JSON.stringify(stream)} has ${eventCount} events from revision ${firstRevision} on, but the ` +
      `store returned ${events.length}`,
  );
}

/** Describes the recorded command if it is a different command. Returns undefined if it is the same one. */
function differenceOf(command: CommandInFlight, { decision }: RecordedDecision): string | undefined {
  const { module, envelope } = command;
  const first = decision.command;
  const sameType = first.type === envelope.type;
  if (sameType && first.schemaVersion === envelope.schemaVersion && equalBytes(first.payload, envelope.payload)) {
    return undefined;
  }
  const otherType = `a command of type ${JSON.stringify(first.type)}`;
  // A renamed command has several types, and the module accepts all of them.
  if (!sameType && !module.descriptor.commands.some(({ type }) => type === first.type)) return otherType;
  // The bytes of the same command may differ if a sender's encoding is not canonical, or if the schema has a newer
  // version. So both are compared in the module's canonical form.
  if (decision.contentType !== module.contentType) return `a command in ${decision.contentType}`;
  const one = canonical(module, first);
  const other = canonical(module, envelope);
  if (one !== undefined && one.type === other?.type && equalBytes(one.payload, other.payload)) return undefined;
  return sameType ? `${otherType} with a different payload` : otherType;
}

/** Returns the envelope in the module's canonical form, or undefined if the module cannot read it. */
function canonical(module: BoundModule, envelope: Envelope): Envelope | undefined {
  try {
    const command = module.types.command.fromEnvelope(envelope);
    try {
      return module.types.command.toEnvelope(command);
    } finally {
      module.releaseCommand(command);
    }
  } catch {
    return undefined;
  }
}
