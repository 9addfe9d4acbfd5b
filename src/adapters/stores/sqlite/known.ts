/**
 * What a connection keeps in memory of its file. Ids and names never change once they are committed; the heads of the
 * streams, and where the tables end, hold only as long as no other connection has committed, which SQLite tells at the
 * beginning of each transaction (PRAGMA data_version). After a rollback everything is forgotten.
 */
import { CHAIN_START } from '../../../core/chain.ts';
import type { Decision } from '../../../core/messages.ts';
import { contradiction } from './failures.ts';
import type { CommandTypeRow, Statements } from './statements.ts';
import type { Witness } from './writer.ts';

/** Entries of each map; a map that reaches it is emptied. */
const MAX_ENTRIES = 16_384;

/** The end of a stream. */
export interface Head {
  /** Undefined: nothing was ever decided on the stream. */
  readonly streamId: number | undefined;
  /** The last revision; -1: there are no events. */
  readonly revision: number;
  /** The last commit's hash. */
  readonly hash: Uint8Array;
}

export interface EventType {
  readonly type: string;
  readonly schemaVersion: number;
}

export class Known implements Witness {
  readonly #file: string;
  readonly #statements: Statements;
  readonly #heads = new Map<string, Head>();
  readonly #streamNames = new Map<number, string>();
  readonly #eventTypeIds = new Map<string, number>();
  readonly #eventTypes = new Map<number, EventType>();
  readonly #commandTypeIds = new Map<string, number>();
  readonly #commandTypes = new Map<number, CommandTypeRow>();
  #dataVersion: number | undefined;
  #position = 0;
  #decisionId = 0;

  constructor(file: string, statements: Statements) {
    this.#file = file;
    this.#statements = statements;
  }

  began(): void {
    const version = this.#statements.dataVersion.get();
    if (version === this.#dataVersion) return;
    this.#heads.clear();
    this.#position = this.#statements.lastPosition.get() ?? 0;
    this.#decisionId = this.#statements.lastDecision.get() ?? 0;
    this.#dataVersion = version;
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
    if (streamId === undefined) return { streamId, revision: -1, hash: CHAIN_START };
    const row = this.#statements.head.get(streamId, streamId);
    if (row === undefined) throw contradiction(this.#file, `stream ${JSON.stringify(stream)} has no decisions`);
    return this.moved(stream, { streamId, revision: row[0] ?? -1, hash: row[1] });
  }

  moved(stream: string, head: Head): Head {
    return remembered(this.#heads, stream, head);
  }

  /** Undefined: there is none yet. */
  eventTypeId(category: string, type: string, schemaVersion: number): number | undefined {
    const key = `${schemaVersion}:${category.length}:${category}${type}`;
    const known = this.#eventTypeIds.get(key);
    if (known !== undefined) return known;
    const id = this.#statements.eventTypeId.get(category, type, schemaVersion);
    return id === undefined ? undefined : remembered(this.#eventTypeIds, key, id);
  }

  /** Undefined: there is none yet. */
  commandTypeId(decision: Decision): number | undefined {
    const row = commandTypeRow(decision);
    const key = row
      .map((value) => (value instanceof Uint8Array ? value.join() : `${value}`.length + `:${value}`))
      .join();
    const known = this.#commandTypeIds.get(key);
    if (known !== undefined) return known;
    const id = this.#statements.commandTypeId.get(...row);
    return id === undefined ? undefined : remembered(this.#commandTypeIds, key, id);
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

/** What a decision shares with all others of its module on commands of its type. */
export function commandTypeRow({ module, contentType, command }: Decision): CommandTypeRow {
  return [module.name, module.version, module.digest ?? null, contentType, command.type, command.schemaVersion];
}

function remembered<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  if (map.size >= MAX_ENTRIES) map.clear();
  map.set(key, value);
  return value;
}
