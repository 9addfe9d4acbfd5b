/**
 * Handles a command id that is already recorded (docs/architecture.md, "Ids are derived"). The same command changes nothing and gets
 * its first outcome. A command with different content is an error.
 */
import type { CommandResult } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import type { Envelope, RecordedDecision, RecordedEvent } from '../messages.ts';
import type { BoundModule } from './bound-module.ts';
import { ask, type Cancellation } from './cancellation.ts';
import { refusal, storeCorrupt } from './failures.ts';
import type { Job } from './job.ts';

/** @throws CommandFailure `command-id-reused`, `store`, `closed`, `cancelled` or `deadline-exceeded`. */
export async function firstOutcome(store: EventStore, job: Job, recorded: RecordedDecision): Promise<CommandResult> {
  const { decision, stream, firstRevision, eventCount } = recorded;
  const difference = differenceOf(job, recorded);
  if (difference !== undefined)
    throw refusal(
      'command-id-reused',
      job.commandId,
      `the command id ${JSON.stringify(job.request.commandId)} was used before for ${difference}: give each command an ` +
        'id of its own',
    );
  const events = firstRevision === undefined ? [] : await readBack(store, recorded, firstRevision, job.cancellation);
  return job.result({
    commandId: decision.commandId,
    stream,
    module: decision.module.name,
    outcome: decision.outcome,
    events,
    // Without events the decision held only for the stream as it was seen, so that is where the stream was.
    revision: firstRevision === undefined ? decision.seenRevision : firstRevision + BigInt(eventCount - 1),
    redelivered: true,
    attempts: 0,
  });
}

async function readBack(
  store: EventStore,
  { stream, eventCount }: RecordedDecision,
  firstRevision: bigint,
  cancellation: Cancellation | undefined,
): Promise<readonly RecordedEvent[]> {
  const events = await ask(
    () => store.readStream(stream, { direction: 'forward', fromRevision: firstRevision, limit: eventCount }),
    cancellation,
  );
  if (events.length === eventCount) return events;
  throw storeCorrupt(
    `a decision of stream ${JSON.stringify(stream)} has ${eventCount} events from revision ${firstRevision} on, but the ` +
      `store gave ${events.length}`,
  );
}

/** What the recorded command was, where it was not this one. */
function differenceOf(job: Job, { decision }: RecordedDecision): string | undefined {
  const first = decision.command;
  if (first.type !== job.envelope.type) return `a command of type ${JSON.stringify(first.type)}`;
  if (first.schemaVersion === job.envelope.schemaVersion && equalBytes(first.payload, job.envelope.payload))
    return undefined;
  // The bytes may differ and the command be the same: a sender whose encoding is not canonical, or a schema that has been
  // brought forward since. What the module makes of the two decides.
  if (decision.contentType !== job.module.contentType) return `a command in ${decision.contentType}`;
  const one = canonical(job.module, first);
  const other = canonical(job.module, job.envelope);
  const same = one !== undefined && other !== undefined && equalBytes(one.payload, other.payload);
  return same ? undefined : `a ${first.type} with another payload`;
}

/** The envelope as the module itself would write it; undefined: the module cannot read it. */
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

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
