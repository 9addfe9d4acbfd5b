/**
 * A program for `pg` without this package, as a good programmer would write it: one PL/pgSQL call for each append, in
 * one round trip, on one connection of a pool for each append in flight. It stores the same bytes as the store: the
 * canonical content of the decision and its events, and the hash over the previous one. It checks the expected revision
 * and the command id. It has no index by event type, no order of positions that readers can rely on, and no retries.
 */
import { Pool } from 'pg';
import { decision, envelope } from '../../../src/adapters/testing/builders.ts';
import type { Decision, Envelope } from '../../../src/core/messages.ts';
import { decidedContent } from '../../../src/core/storage/chain.ts';

/** A commit to append: an event, and the decision on a command with a payload of the same size. */
export interface NewCommit {
  readonly events: readonly Envelope[];
  readonly decision: Decision;
}

export function newCommit(payload: Uint8Array): NewCommit {
  return { events: [envelope('Deposited', payload)], decision: decision({ command: envelope('Deposit', payload) }) };
}

const SCHEMA = `
create schema raw;
create table raw.streams (
  name text collate "C" primary key, revision bigint not null, hash bytea not null
) with (fillfactor = 70);
create table raw.commits (
  position bigint generated always as identity primary key, command_id uuid not null unique, stream text collate "C" not null,
  revision bigint not null, recorded_at bigint not null, hash bytea not null, content bytea not null,
  unique (stream, revision)
);
create function raw.append(name_ text, expected bigint, command uuid, content_ bytea) returns text language plpgsql as $$
declare
  revision_ bigint;
  hash_ bytea;
  position_ bigint;
  time_ bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  select revision, hash into revision_, hash_ from raw.streams where name = name_ for update;
  if not found then
    insert into raw.streams (name, revision, hash) values (name_, -1, '\\x${'00'.repeat(32)}')
    on conflict (name) do nothing returning revision, hash into revision_, hash_;
    if not found then raise exception 'conflict'; end if;
  end if;
  if expected <> revision_ then raise exception 'conflict: the stream is at revision %', revision_; end if;
  revision_ := revision_ + 1;
  hash_ := sha256(
    hash_ || '\\x01' || int4send(octet_length(name_)) || convert_to(name_, 'UTF8') || '\\x01' || int8send(revision_)
    || int8send(time_) || content_
  );
  insert into raw.commits (command_id, stream, revision, recorded_at, hash, content)
  values (command, name_, revision_, time_, hash_, content_) returning position into position_;
  update raw.streams set revision = revision_, hash = hash_ where name = name_;
  return concat_ws(' ', revision_, position_, time_, encode(hash_, 'hex'));
end $$`;

/** The raw program. */
export interface Raw {
  /** Appends a commit to a stream that only this caller uses. */
  append(stream: string, commit: NewCommit): Promise<void>;
  /** Adds as many commits as are missing, in one statement. */
  fill(commits: number, commit: NewCommit): Promise<void>;
  /** Writes a checkpoint. The server writes the next one after five minutes, or a gigabyte of log. */
  checkpoint(): Promise<void>;
  /** Reads all rows in pages. @returns their number. */
  read(): Promise<number>;
  close(): Promise<void>;
}

export async function openRaw(url: string): Promise<Raw> {
  const pool = new Pool({ connectionString: url, max: 16 });
  // The server ends the connections when it is removed.
  pool.on('error', () => {});
  await pool.query(SCHEMA);
  const revisions = new Map<string, number>();
  return {
    append: async (stream, { decision, events }) => {
      const revision = revisions.get(stream) ?? -1;
      await pool.query({
        name: 'append',
        text: 'select raw.append($1, $2, $3, $4)',
        values: [stream, revision, decision.commandId, Buffer.from(decidedContent(decision, events))],
      });
      revisions.set(stream, revision + 1);
    },
    fill: async (commits, { decision, events }) => {
      await pool.query(
        `insert into raw.commits (command_id, stream, revision, recorded_at, hash, content)
        select gen_random_uuid(), 'filled-' || n % 1000, n, 1, $2, $3
        from generate_series(1, $1 - (select count(*) from raw.commits)) n`,
        [commits, new Uint8Array(32), Buffer.from(decidedContent(decision, events))],
      );
    },
    checkpoint: async () => {
      await pool.query('checkpoint');
    },
    read: async () => {
      let [after, read] = ['0', 0];
      for (;;) {
        const { rows } = await pool.query({
          name: 'read',
          text: 'select stream, revision, position, recorded_at, content from raw.commits where position > $1 order by position limit 1000',
          values: [after],
        });
        read += rows.length;
        if (rows.length < 1_000) return read;
        after = rows.at(-1).position;
      }
    },
    close: () => pool.end(),
  };
}
