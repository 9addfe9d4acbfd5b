/**
 * A connection's cache of its file. Committed ids and names never change. The heads of the streams and the ends of the
 * tables are valid only until another connection commits, which SQLite reports at the beginning of each transaction
 * (PRAGMA data_version). A rollback empties the cache.
 */

import type { Decision } from '../../../core/messages.ts';
import { CHAIN_START } from '../../../core/storage/chain.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { contradiction } from './failures.ts';
import type { CommandTypeRow, Statements } from './statements.ts';

/** The most entries of each map. A map that reaches it is emptied. */
const MAX_ENTRIES = 16_384;

/** The most names. It is larger, because names are looked up for each event that is read and are shorter than heads. */
const MAX_NAMES = 131_072;

/** The end of a stream. */
export interface Head {
  /** `undefined` if no decision was ever made on the stream. */
  readonly streamId: number | undefined;
  /** The last revision; -1 if there are no events. */
  readonly revision: number;
  /** The last commit's hash. */
  readonly hash: Uint8Array;
  /** The ids of the event types of the stream's category that were met, under their names. */
  readonly eventTypes: Map<string, EventTypeId>;
}

interface EventTypeId {
  readonly schemaVersion: number;
  readonly id: number;
}

interface CommandTypeId {
  /** Not the decision: its payload would be kept too. */
  readonly row: CommandTypeRow;
  readonly id: number;
}

export interface EventType {
  readonly type: string;
  readonly schemaVersion: number;
}

export class IdCache {
  readonly #file: string;
  readonly #statements: Statements;
  readonly #heads = new Map<string, Head>();
  readonly #streamNames = new Map<number, string>();
  /** By category. */
  readonly #eventTypeIds = new Map<string, Map<string, EventTypeId>>();
  readonly #eventTypes = new Map<number, EventType>();
  /** By the command's type: the ids that were met last. */
  readonly #commandTypeIds = new Map<string, CommandTypeId>();
  readonly #commandTypes = new Map<number, CommandTypeRow>();
  #dataVersion: number | undefined;
  #position = 0;
  #decisionId = 0;

  constructor(file: string, statements: Statements) {
    this.#file = file;
    this.#statements = statements;
  }

  began(): boolean {
    const version = this.#statements.dataVersion.get();
    if (version === this.#dataVersion) return false;
    const isKnown = this.#dataVersion !== undefined;
    this.#heads.clear();
    this.#position = this.#statements.lastPosition.get() ?? 0;
    this.#decisionId = this.#statements.lastDecision.get() ?? 0;
    this.#dataVersion = version;
    return isKnown;
  }

  undone(): void {
    this.#dataVersion = undefined;
    this.#heads.clear();
    this.#streamNames.clear();
    this.#eventTypeIds.clear();
    this.#eventTypes.clear();
    this.#commandTypeIds.clear();
    this.#commandTypes.clear();
  }

  /** The next event's position. In a transaction only, as all that follows up to {@link moved}. */
  nextPosition(): number {
    return ++this.#position;
  }

  nextDecisionId(): number {
    return ++this.#decisionId;
  }

  head(stream: string): Head {
    const known = this.#heads.get(stream);
    if (known !== undefined) return known;
    const streamId = this.#statements.streamId.get(stream);
    const category = categoryOf(stream);
    const eventTypes = this.#eventTypeIds.get(category) ?? remembered(this.#eventTypeIds, category, new Map());
    if (streamId === undefined) return { streamId, revision: -1, hash: CHAIN_START, eventTypes };
    const row = this.#statements.head.get(streamId, streamId);
    if (row === undefined) throw contradiction(this.#file, `stream ${JSON.stringify(stream)} has no decisions`);
    return this.moved(stream, { streamId, revision: row[0] ?? -1, hash: row[1], eventTypes });
  }

  moved(stream: string, head: Head): Head {
    return remembered(this.#heads, stream, head);
  }

  /** Returns `undefined` if the event type has no id yet. */
  eventTypeId({ eventTypes }: Head, stream: string, type: string, schemaVersion: number): number | undefined {
    const known = eventTypes.get(type);
    if (known !== undefined && known.schemaVersion === schemaVersion) return known.id;
    const id = this.#statements.eventTypeId.get(categoryOf(stream), type, schemaVersion);
    return id === undefined ? undefined : remembered(eventTypes, type, { schemaVersion, id }).id;
  }

  /** Returns `undefined` if the command type has no id yet. */
  commandTypeId(decision: Decision): number | undefined {
    const known = this.#commandTypeIds.get(decision.command.type);
    if (known !== undefined && isCommandType(known.row, decision)) return known.id;
    const row = commandTypeRow(decision);
    const id = this.#statements.commandTypeId.get(...row);
    return id === undefined ? undefined : remembered(this.#commandTypeIds, decision.command.type, { row, id }).id;
  }

  /** Looks up in one go the names that are not known: a look-up for each costs three times as much. */
  meetStreams(ids: readonly number[]): void {
    const unknown = new Set<number>();
    for (const id of ids) if (!this.#streamNames.has(id)) unknown.add(id);
    if (unknown.size < 2) return;
    if (this.#streamNames.size + unknown.size > MAX_NAMES) {
      this.#streamNames.clear();
      for (const id of ids) unknown.add(id);
    }
    const rows = this.#statements.streamNames.all(JSON.stringify([...unknown]));
    for (const [id, name] of rows) this.#streamNames.set(id, name);
  }

  streamName(id: number): string {
    const known = this.#streamNames.get(id);
    if (known !== undefined) return known;
    const name = this.#statements.streamName.get(id);
    if (name === undefined) throw contradiction(this.#file, `there is no stream of id ${id}`);
    return remembered(this.#streamNames, id, name);
  }

  eventType(id: number): EventType {
    const known = this.#eventTypes.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.eventType.get(id);
    if (row === undefined) throw contradiction(this.#file, `there is no event type of id ${id}`);
    return remembered(this.#eventTypes, id, { type: row[0], schemaVersion: row[1] });
  }

  commandType(id: number): CommandTypeRow {
    const known = this.#commandTypes.get(id);
    if (known !== undefined) return known;
    const row = this.#statements.commandType.get(id);
    if (row === undefined) throw contradiction(this.#file, `there is no command type of id ${id}`);
    return remembered(this.#commandTypes, id, row);
  }
}

/** The fields that a decision shares with all others of its module on commands of its type. */
export function commandTypeRow({ module, contentType, command }: Decision): CommandTypeRow {
  return [
    module.name,
    module.version,
    module.digest?.slice() ?? null,
    contentType,
    command.type,
    command.schemaVersion,
  ];
}

function isCommandType(row: CommandTypeRow, { module, contentType, command }: Decision): boolean {
  const [name, version, digest, rowContentType, type, schemaVersion] = row;
  return (
    type === command.type &&
    schemaVersion === command.schemaVersion &&
    rowContentType === contentType &&
    name === module.name &&
    version === module.version &&
    (digest === null
      ? module.digest === undefined
      : module.digest !== undefined && Buffer.compare(digest, module.digest) === 0)
  );
}

function remembered<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  if (map.size >= MAX_ENTRIES) map.clear();
  map.set(key, value);
  return value;
}
