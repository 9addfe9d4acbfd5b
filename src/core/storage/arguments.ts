/**
 * The checks of arguments that every store makes before any other work (wit/event-store.wit, `invalid-argument`), and
 * the meaning of a precondition. All stores use them, so that they refuse the same arguments with the same messages.
 * Types are checked too, because the caller may be JavaScript or a component's host.
 */
import { AppendFailure, StoreFailure } from '../errors.ts';
import type { ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../event-store.ts';
import { MAX_EVENTS_PER_DECISION } from '../limits.ts';
import type { Decision, Envelope, EventName, Precondition, RecordedDecision } from '../messages.ts';
import {
  envelopeProblem,
  type FieldProblem,
  isPositiveU32,
  isText,
  mustBe,
  preconditionProblem,
  rejectionProblem,
} from '../predicates.ts';
import { checkStreamName } from '../stream-name.ts';
import { type OptionNames, unknownOption } from '../unknown-names.ts';
import { isUuid } from '../uuid.ts';
import { HASH_BYTES, type RecordedCommit } from './chain.ts';
import type { ReadLogOptions } from './commit-transfer.ts';
import type { ReadCommitsOptions, ReadStreamsOptions } from './verify-chain.ts';

const OPTIONAL_REVISION = 'a revision, which is a bigint of at least 0, such as 3n, or undefined';

/** The largest integer of SQLite and PostgreSQL. It is large enough for 292,000 years at a million events a second. */
const MAX_I64 = 2n ** 63n - 1n;

const READ_STREAM: OptionNames<ReadStreamOptions> = { direction: true, fromRevision: true, limit: true };
/** The options of `readCommits` and `readStreams`. */
const READ_PART: OptionNames<ReadCommitsOptions & ReadStreamsOptions> = { after: true, limit: true };
const READ_LOG: OptionNames<ReadLogOptions> = { direction: true, after: true, limit: true };
const READ_ALL: OptionNames<ReadAllOptions> = {
  direction: true,
  afterPosition: true,
  limit: true,
  categories: true,
  eventTypes: true,
  events: true,
};

/** Checks the arguments of `append`. @throws AppendFailure `invalid-argument` that names the argument. */
export function checkAppend(
  stream: string,
  events: readonly Envelope[],
  precondition: Precondition,
  decision: Decision,
): void {
  const problem = checkStreamName(stream);
  if (problem !== undefined) throw refused('stream', `the stream name ${problem}`);
  if (!Array.isArray(events)) throw refused('events', mustBe('an array of events', events));
  if (events.length > MAX_EVENTS_PER_DECISION) {
    throw refused(
      'events',
      `a decision has at most ${MAX_EVENTS_PER_DECISION} events, but this one has ${events.length}; split the command`,
    );
  }
  for (let index = 0; index < events.length; index++) refuseEvent(events[index], index);
  checkPrecondition(precondition);
  checkDecision(decision);
  if (decision.outcome.tag === 'rejected' && events.length > 0) {
    throw refused('decision.outcome', 'must be an empty array, because a rejected decision has no events');
  }
}

/**
 * Checks the arguments of `appendExclusively` that are known before the decision.
 *
 * @throws AppendFailure `invalid-argument`.
 */
export function checkReservation(stream: string, after: bigint | undefined): void {
  const problem = checkStreamName(stream);
  if (problem !== undefined) throw refused('stream', `the stream name ${problem}`);
  if (after !== undefined && !isRevision(after)) {
    throw refused('after', mustBe(OPTIONAL_REVISION, after));
  }
}

function refuseEvent(event: Envelope | undefined, index: number): void {
  const problem = envelopeProblem(event);
  // This runs for every event, so the string for the place is made only if there is a problem.
  if (problem !== undefined) throw refused(`events[${index}]${problem.field}`, problem.message);
}

function checkPrecondition(precondition: Precondition): void {
  const problem = preconditionProblem(precondition);
  if (problem !== undefined) throw refused('precondition', problem.message);
  if (precondition.tag === 'at-revision' && !isRevision(precondition.val)) {
    throw refused('precondition', mustBe('a revision below 2^63', precondition.val));
  }
}

function refuse(argument: string, problem: FieldProblem | undefined): void {
  if (problem !== undefined) throw refused(argument + problem.field, problem.message);
}

function checkDecision(decision: Decision): void {
  if (typeof decision !== 'object' || decision === null) throw refused('decision', mustBe('an object', decision));
  if (typeof decision.commandId !== 'string' || !isUuid(decision.commandId)) {
    throw refused('decision.commandId', 'must be a UUID in lower case; convert other ids with commandUuid()');
  }
  refuse('decision.command', envelopeProblem(decision.command));
  text(decision.contentType, 'contentType');
  text(decision.module?.name, 'module.name');
  text(decision.module.version, 'module.version');
  const { digest } = decision.module;
  if (digest !== undefined && !(digest instanceof Uint8Array)) {
    throw refused('decision.module.digest', mustBe('a Uint8Array or undefined', decision.module.digest));
  }
  if (decision.seenRevision !== undefined && !isRevision(decision.seenRevision)) {
    throw refused('decision.seenRevision', mustBe(OPTIONAL_REVISION, decision.seenRevision));
  }
  optionalText(decision.causationId, 'causationId');
  text(decision.correlationId, 'correlationId');
  optionalText(decision.actor, 'actor');
  optionalText(decision.keyId, 'keyId');
  checkOutcome(decision);
}

function checkOutcome({ outcome }: Decision): void {
  if (outcome?.tag === 'accepted') return;
  if (outcome?.tag !== 'rejected') {
    throw refused('decision.outcome', `must be { tag: 'accepted' } or { tag: 'rejected', val: rejection }`);
  }
  refuse('decision.outcome.val', rejectionProblem(outcome.val));
}

function text(value: unknown, field: string): void {
  if (!isText(value))
    throw refused(`decision.${field}`, 'must be a string without lone surrogates, which UTF-8 cannot encode');
}

function optionalText(value: unknown, field: string): void {
  if (value !== undefined) text(value, field);
}

function isRevision(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 0n && value <= MAX_I64;
}

/** Checks the arguments of `readStream`. @throws StoreFailure `invalid-argument`. */
export function checkReadStream(stream: string, options: ReadStreamOptions): void {
  checkStream(stream, 'stream');
  checkDirectionAndLimit(options, READ_STREAM);
  if (options.fromRevision !== undefined && !isRevision(options.fromRevision)) {
    throw misread('options.fromRevision', mustBe(OPTIONAL_REVISION, options.fromRevision));
  }
}

export function checkReadAll(options: ReadAllOptions): void {
  checkDirectionAndLimit(options, READ_ALL);
  checkPosition(options.afterPosition, 'options.afterPosition');
  for (const list of ['categories', 'eventTypes'] as const) {
    const names: unknown = options[list];
    if (!Array.isArray(names) || !names.every(isText)) throw misread(`options.${list}`, 'must be an array of strings');
  }
  const events: unknown = options.events;
  if (!Array.isArray(events) || !events.every(isEventName)) {
    throw misread('options.events', 'must be an array of events, { category, type }');
  }
}

function isEventName(value: unknown): value is EventName {
  const { category, type }: Partial<Record<keyof EventName, unknown>> = Object(value);
  return isText(category) && isText(type);
}

export function checkPosition(position: bigint | undefined, argument: string): void {
  if (position !== undefined && !isRevision(position)) {
    throw misread(argument, mustBe('a position, which is a bigint of at least 0, such as 3n, or undefined', position));
  }
}

function checkStream(stream: string, argument: string): void {
  const problem = checkStreamName(stream);
  if (problem !== undefined) throw misread(argument, `the stream name ${problem}`);
}

/** Checks a limit of events, commits or streams: undefined or a positive integer. */
function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && !isPositiveU32(limit)) {
    throw misread('options.limit', mustBe('a positive integer', limit));
  }
}

/** Checks that `options` is an object without unknown names. */
export function checkNames(options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== 'object' || options === null) throw misread('options', mustBe('an object', options));
  const unknown = unknownOption(options, known);
  if (unknown !== undefined) throw misread(`options.${unknown.name}`, unknown.message);
}

function checkDirectionAndLimit(
  options: ReadStreamOptions | ReadAllOptions,
  known: Readonly<Record<string, true>>,
): void {
  checkNames(options, known);
  checkDirection(options.direction);
  checkLimit(options.limit);
}

function checkDirection(direction: unknown): void {
  if (direction === 'forward' || direction === 'backward') return;
  throw misread('options.direction', `must be 'forward' or 'backward', not ${String(direction)}`);
}

/**
 * Converts the result of a store's clock to the time of a commit.
 *
 * @throws AppendFailure `invalid-argument`.
 */
export function recordedTime(now: number): bigint {
  if (Number.isSafeInteger(now) && now >= 0) return BigInt(now);
  throw refused('now', `must return an integer, the milliseconds since the Unix epoch, but it returned ${String(now)}`);
}

export function checkCommandId(commandId: string, argument = 'commandId'): void {
  if (typeof commandId !== 'string' || !isUuid(commandId)) {
    throw misread(argument, 'must be a UUID in lower case; convert other ids with commandUuid()');
  }
}

/** Checks the arguments of `readCommits`. @throws StoreFailure `invalid-argument`. */
export function checkReadCommits(stream: string, options: ReadCommitsOptions): void {
  checkStream(stream, 'stream');
  checkNames(options, READ_PART);
  if (options.after !== undefined) checkCommandId(options.after, 'options.after');
  checkLimit(options.limit);
}

/** Checks the arguments of `readStreams`. @throws StoreFailure `invalid-argument`. */
export function checkReadStreams(options: ReadStreamsOptions): void {
  checkNames(options, READ_PART);
  if (options.after !== undefined) checkStream(options.after, 'options.after');
  checkLimit(options.limit);
}

/** Checks the arguments of `readLog`. @throws StoreFailure `invalid-argument`. */
export function checkReadLog(options: ReadLogOptions): void {
  checkNames(options, READ_LOG);
  if (options.direction !== undefined) checkDirection(options.direction);
  if (options.after !== undefined) checkCommandId(options.after, 'options.after');
  checkLimit(options.limit);
}

/**
 * Checks the arguments of `importCommits`.
 * @throws StoreFailure `invalid-argument` that names the commit and its field.
 */
export function checkImport(commits: readonly RecordedCommit[]): void {
  if (!Array.isArray(commits)) throw misread('commits', mustBe('an array of commits', commits));
  for (let index = 0; index < commits.length; index++) {
    const { decision: recorded, events }: Partial<RecordedCommit> = Object(commits[index]);
    const place = `commits[${index}]`;
    if (typeof recorded !== 'object' || recorded === null) {
      throw misread(`${place}.decision`, mustBe('the record of a decision', recorded));
    }
    const { stream, decision, firstRevision, eventCount, recordedAt, hash } = recorded;
    try {
      checkAppend(stream, events as readonly Envelope[], { tag: 'any' }, decision);
    } catch (error) {
      if (!(error instanceof AppendFailure) || error.payload.tag !== 'invalid-argument') throw error;
      const { argument, message } = error.payload.val;
      throw misread(`${place}.${argument}`, message);
    }
    const count = events?.length ?? 0;
    if (eventCount !== count) {
      throw misread(`${place}.decision.eventCount`, mustBe(`${count}, the number of events`, eventCount));
    }
    if (count === 0 ? firstRevision !== undefined : !isRevision(firstRevision)) {
      const expected =
        count === 0 ? 'undefined, because the commit has no events' : 'a revision, which is a bigint of at least 0';
      throw misread(`${place}.decision.firstRevision`, mustBe(expected, firstRevision));
    }
    if (!isRevision(recordedAt) || recordedAt > Number.MAX_SAFE_INTEGER) {
      throw misread(
        `${place}.decision.recordedAt`,
        mustBe('milliseconds since the Unix epoch, as a bigint', recordedAt),
      );
    }
    if (!(hash instanceof Uint8Array) || hash.length !== HASH_BYTES) {
      throw misread(`${place}.decision.hash`, `must be a Uint8Array of ${HASH_BYTES} bytes`);
    }
  }
}

export function checkSnapshotKey(key: SnapshotKey): void {
  if (!isText(key?.moduleName)) throw misread('key.moduleName', 'must be a string without lone surrogates');
  if (!isText(key.moduleVersion)) throw misread('key.moduleVersion', 'must be a string without lone surrogates');
  checkStream(key.stream, 'key.stream');
}

export function checkSnapshot(snapshot: Snapshot): void {
  if (!isRevision(snapshot?.revision))
    throw misread('snapshot.revision', mustBe('a revision, which is a bigint of at least 0', snapshot?.revision));
  if (!isText(snapshot.contentType)) throw misread('snapshot.contentType', 'must be a string without lone surrogates');
  if (!(snapshot.state instanceof Uint8Array)) throw misread('snapshot.state', mustBe('a Uint8Array', snapshot.state));
}

/**
 * Returns whether a stream satisfies the precondition.
 *
 * @param actual the stream's last revision, or `undefined` if it has no events.
 */
export function satisfies(precondition: Precondition, actual: bigint | undefined): boolean {
  switch (precondition.tag) {
    case 'any':
      return true;
    case 'no-stream':
      return actual === undefined;
    case 'stream-exists':
      return actual !== undefined;
    case 'at-revision':
      return actual === precondition.val;
  }
}

/** Returns the error that `append` throws if the stream does not satisfy the precondition. */
export function conflict(stream: string, precondition: Precondition, actual: bigint | undefined): AppendFailure {
  const is = actual === undefined ? 'has no events' : `is at revision ${actual}`;
  return new AppendFailure(
    { tag: 'conflict', val: { stream, precondition, actual } },
    `stream ${JSON.stringify(stream)} ${is}, but the append expected it ${preconditionText(precondition)}; ` +
      'read the stream again and decide again',
  );
}

/** Describes a precondition: `expected stream "x" without events`. */
export function preconditionText(precondition: Precondition): string {
  switch (precondition.tag) {
    case 'any':
      return 'in any state';
    case 'no-stream':
      return 'without events';
    case 'stream-exists':
      return 'with events';
    case 'at-revision':
      return `at revision ${precondition.val}`;
  }
}

/** Returns the error that `append` throws if the command was decided before. */
export function duplicate(first: RecordedDecision): AppendFailure {
  return new AppendFailure(
    { tag: 'duplicate', val: first },
    `command ${first.decision.commandId} was decided before, on stream ${JSON.stringify(first.stream)}`,
  );
}

const CLOSED = 'the store is closing or closed, and accepts no new calls; open the store again';

/** Returns the error that `append` throws once the store is closing. */
export function appendAfterClose(): AppendFailure {
  return new AppendFailure({ tag: 'closed' }, CLOSED);
}

/** Returns the error that all other operations throw once the store is closing. */
export function usedAfterClose(): StoreFailure {
  return new StoreFailure({ tag: 'closed' }, CLOSED);
}

function refused(argument: string, message: string): AppendFailure {
  return new AppendFailure({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}

function misread(argument: string, message: string): StoreFailure {
  return new StoreFailure({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}
