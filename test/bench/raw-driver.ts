/**
 * A program for better-sqlite3 without this package, as a good programmer would write it. It has our tables, our rows,
 * the hash of each commit, a transaction per command, prepared statements and cached states. It has no envelopes,
 * schemas, retries or queue.
 */
import { randomUUID } from 'node:crypto';
import Sqlite, { type Database } from 'better-sqlite3';
import { Packr } from 'msgpackr';
import type { Decision, Envelope } from '../../src/core/messages.ts';
import { CHAIN_START, commitHash } from '../../src/core/storage/chain.ts';
import { type AccountState, type Command, decide, evolve, initialState } from './bank.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const module = { name: 'bench.account', version: '1.0.0', digest: undefined };
const contentType = 'application/vnd.msgpack';

interface Stream {
  readonly id: number;
  state: AccountState;
  revision: number;
  hash: Uint8Array;
}

/** Opens a file that the store has created, with its tables and indexes. */
export function openRaw(file: string): Database {
  const database = new Sqlite(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = OFF');
  return database;
}

/** Returns a function that handles one command in its own transaction, or in one that the caller has begun. */
export function rawHandler(database: Database, transactions: 'own' | 'callers' = 'own'): (command: Command) => void {
  const addStream = database.prepare('insert into streams (name) values (?)');
  const addCommandType = database.prepare(
    'insert into command_types (module_name, module_version, module_digest, content_type, type, schema_version) values (?, ?, null, ?, ?, 1)',
  );
  const addEventType = database.prepare(
    "insert into event_types (category, type, schema_version) values ('account', ?, 1)",
  );
  const addDecision = database.prepare('insert into decisions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const addEvent = database.prepare('insert into events values (?, ?, ?, ?, ?, ?)');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const streams = new Map<string, Stream>();
  const commandTypes = new Map<string, number>();
  const eventTypes = new Map<string, number>();
  let decisions = 0;
  let position = 0;

  const idOf = (ids: Map<string, number>, name: string, add: () => number | bigint): number => {
    let id = ids.get(name);
    if (id === undefined) ids.set(name, (id = Number(add())));
    return id;
  };

  return (command) => {
    const name = `account-${command.data.accountId}`;
    if (transactions === 'own') begin.run();
    try {
      let stream = streams.get(name);
      if (stream === undefined) {
        const id = Number(addStream.run(name).lastInsertRowid);
        stream = { id, state: initialState, revision: -1, hash: CHAIN_START };
        streams.set(name, stream);
      }
      const events = decide(stream.state, command);
      let state = stream.state;
      for (const event of events) state = evolve(state, event);
      const envelopes: Envelope[] = events.map(({ type, data }) => ({
        type,
        schemaVersion: 1,
        payload: packr.pack(data),
      }));
      const payload = packr.pack(command.data);
      const commandId = randomUUID();
      const recordedAt = Date.now();
      const seenRevision = stream.revision < 0 ? undefined : BigInt(stream.revision);
      const decision: Decision = {
        commandId,
        command: { type: command.type, schemaVersion: 1, payload },
        contentType,
        module,
        seenRevision,
        outcome: { tag: 'accepted' },
        causationId: undefined,
        correlationId: commandId,
        actor: undefined,
        keyId: undefined,
      };
      const hash = commitHash(stream.hash, {
        stream: name,
        firstRevision: BigInt(stream.revision + 1),
        recordedAt: BigInt(recordedAt),
        decision,
        events: envelopes,
      });
      const commandType = idOf(
        commandTypes,
        command.type,
        () => addCommandType.run(module.name, module.version, contentType, command.type).lastInsertRowid,
      );
      const last = stream.revision + envelopes.length;
      const decisionId = ++decisions;
      addDecision.run(
        decisionId,
        Buffer.from(commandId.replaceAll('-', ''), 'hex'),
        stream.id,
        commandType,
        payload,
        stream.revision < 0 ? null : stream.revision,
        envelopes.length,
        last,
        null,
        null,
        null,
        null,
        null,
        recordedAt,
        hash,
      );
      for (const envelope of envelopes) {
        const type = idOf(eventTypes, envelope.type, () => addEventType.run(envelope.type).lastInsertRowid);
        addEvent.run(++position, stream.id, ++stream.revision, decisionId, type, envelope.payload);
      }
      if (transactions === 'own') commit.run();
      stream.state = state;
      stream.hash = hash;
    } catch (error) {
      if (database.inTransaction) rollback.run();
      streams.delete(name);
      throw error;
    }
  };
}
