/**
 * A connection's cache of its file. Committed ids and names never change. The heads of the streams and the ends of the
 * tables are valid only until another connection commits, which SQLite reports at the beginning of each transaction
 * (PRAGMA data_version). A rollback empties the cache.
 */

import type { Decision, ModuleIdentity } from '../../../core/messages.ts';
import { CHAIN_START, HASH_BYTES } from '../../../core/storage/chain.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { bytes, optionalNumber, text, wholeNumber } from './columns.ts';
import { damage } from './failures.ts';
import type { CommandTypeRow, EventRow } from './rows.ts';
import type { Statements } from './statements.ts';

/** The maximum number of entries of each map. A map that reaches it is emptied. */
const MAX_ENTRIES = 16_384;

/** The maximum number of names. It is larger, because names are short and are looked up for each event that is read. */
const MAX_NAMES = 131_072;

/** The end of a stream. */
export interface Head {
  /** The id of the stream, or `undefined` if the stream has no decisions. */
  readonly streamId: number | undefined;
  /** The last revision, or -1 if the stream has no events. */
  readonly revision: number;
  /** The last commit's hash. */
  readonly hash: Uint8Array;
  /** The known ids of the event types of the stream's category, by name. */
  readonly eventTypes: Map<string, EventTypeId>;
}

interface EventTypeId {
  readonly schemaVersion: number;
  readonly id: number;
}

interface CommandTypeId {
  /** The columns that the decisions share. A decision itself is not kept, because its payload would be kept too. */
  readonly row: CommandTypeRow;
  readonly id: number;
}

export interface EventType {
  readonly type: string;
  readonly schemaVersion: number;
}

/** The part of a decision that is the same for all commands of one type. */
export interface CommandType {
  readonly module: ModuleIdentity;
  readonly contentType: string;
  readonly type: string;
  readonly schemaVersion: number;
}

export class IdCache {
  readonly #statements: Statements;
  readonly #heads = new Map<string, Head>();
  readonly #streamNames = new Map<number, string>();
  /** The ids of event types by name, by the category of their streams. */
  readonly #eventTypeIds = new Map<string, Map<string, EventTypeId>>();
  readonly #eventTypes = new Map<number, EventType>();
  /** The ids that were used last, by the command's type. */
  readonly #commandTypeIds = new Map<string, CommandTypeId>();
  readonly #commandTypes = new Map<number, CommandType>();
  #dataVersion: number | undefined;
  #position = 0;
  #decisionId = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  began(): boolean {
    const version = this.#statements.dataVersion.get();
    if (version === this.#dataVersion) return false;
    const isKnown = this.#dataVersion !== undefined;
    this.#heads.clear();
    this.#position = wholeNumber(this.#statements.lastPosition.get() ?? 0, 'events.position');
    this.#decisionId = wholeNumber(this.#statements.lastDecision.get() ?? 0, 'decisions.id');
    this.#dataVersion = version;
    return isKnown;
  }

  /** Makes the last id available again, because it was not used. */
  returnDecisionId(): void {
    this.#decisionId--;
  }

  /** Empties the cache, because a transaction was rolled back, or because the next reads must read the file itself. */
  clear(): void {
    this.#dataVersion = undefined;
    this.#heads.clear();
    this.#streamNames.clear();
    this.#eventTypeIds.clear();
    this.#eventTypes.clear();
    this.#commandTypeIds.clear();
    this.#commandTypes.clear();
  }

  /** Returns the next event's position. This function and those up to {@link moved} must be called in a transaction. */
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
    if (row === undefined) throw damage(`stream ${JSON.stringify(stream)} has no decisions`);
    const revision = optionalNumber(row[0], 'decisions.revision') ?? -1;
    return this.moved(stream, { streamId, revision, hash: bytes(row[1], 'decisions.hash', HASH_BYTES), eventTypes });
  }

  moved(stream: string, head: Head): Head {
    return remembered(this.#heads, stream, head);
  }

  /** Returns the id of an event type, or `undefined` if it has no id yet. */
  eventTypeId({ eventTypes }: Head, stream: string, type: string, schemaVersion: number): number | undefined {
    const known = eventTypes.get(type);
    if (known !== undefined && known.schemaVersion === schemaVersion) return known.id;
    const id = this.#statements.eventTypeId.get(categoryOf(stream), type, schemaVersion);
    return id === undefined ? undefined : remembered(eventTypes, type, { schemaVersion, id }).id;
  }

  /** Returns the id of a command type, or `undefined` if it has no id yet. */
  commandTypeId(decision: Decision): number | undefined {
    const known = this.#commandTypeIds.get(decision.command.type);
    if (known !== undefined && isCommandType(known.row, decision)) return known.id;
    const row = commandTypeRow(decision);
    const id = this.#statements.commandTypeId.get(...row);
    return id === undefined ? undefined : remembered(this.#commandTypeIds, decision.command.type, { row, id }).id;
  }

  /** Looks up the unknown names in one query, because a query for each name takes three times as long. */
  cacheStreamNames(rows: readonly EventRow[]): void {
    const unknown = new Set<number>();
    for (const row of rows) {
      if (!this.#streamNames.has(row[1] as number)) unknown.add(wholeNumber(row[1], 'events.stream_id'));
    }
    if (unknown.size < 2) return;
    if (this.#streamNames.size + unknown.size > MAX_NAMES) {
      this.#streamNames.clear();
      for (const row of rows) unknown.add(wholeNumber(row[1], 'events.stream_id'));
    }
    for (const [id, name] of this.#statements.streamNames.all(JSON.stringify([...unknown]))) {
      this.#streamNames.set(id, text(name, 'streams.name'));
    }
  }

  streamName(id: unknown): string {
    const known = this.#streamNames.get(id as number);
    if (known !== undefined) return known;
    const streamId = wholeNumber(id, 'stream_id');
    const name = this.#statements.streamName.get(streamId);
    if (name === undefined) throw damage(`the stream with the id ${streamId} is missing`);
    return remembered(this.#streamNames, streamId, text(name, 'streams.name'));
  }

  eventType(id: unknown): EventType {
    const known = this.#eventTypes.get(id as number);
    if (known !== undefined) return known;
    const typeId = wholeNumber(id, 'events.event_type_id');
    const row = this.#statements.eventType.get(typeId);
    if (row === undefined) throw damage(`the event type with the id ${typeId} is missing`);
    const type = text(row[0], 'event_types.type');
    return remembered(this.#eventTypes, typeId, {
      type,
      schemaVersion: wholeNumber(row[1], 'event_types.schema_version'),
    });
  }

  commandType(id: unknown): CommandType {
    const known = this.#commandTypes.get(id as number);
    if (known !== undefined) return known;
    const typeId = wholeNumber(id, 'decisions.command_type_id');
    const row = this.#statements.commandType.get(typeId);
    if (row === undefined) throw damage(`the command type with the id ${typeId} is missing`);
    const [name, version, digest, contentType, type, schemaVersion] = row;
    return remembered(this.#commandTypes, typeId, {
      module: {
        name: text(name, 'command_types.module_name'),
        version: text(version, 'command_types.module_version'),
        digest: digest === null ? undefined : bytes(digest, 'command_types.module_digest'),
      },
      contentType: text(contentType, 'command_types.content_type'),
      type: text(type, 'command_types.type'),
      schemaVersion: wholeNumber(schemaVersion, 'command_types.schema_version'),
    });
  }
}

/** Returns the fields that all decisions of one module on commands of one type share. */
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
