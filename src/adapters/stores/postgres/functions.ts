/**
 * The functions of the store, in PL/pgSQL and SQL. An append with its guard, decision record and hash is one call,
 * which takes one round trip. One call makes the appends of many callers, so that they share one flush to disk.
 */
import { orderedReadsOf } from './ordered-reads.ts';

/** The bits of a position that number the events of one transaction. The other bits are the id of the transaction. */
export const POSITION_BITS = 16;

/** The outcomes that the function `append` returns. */
export const ACCEPTED = 0;
export const DUPLICATE = 1;
export const CONFLICT = 2;
/** A transaction with a higher id has appended to the stream. The append is repeated with a new id. */
export const OVERTAKEN = 3;

/** The numbers that stand for preconditions other than a revision. */
export const ANY = -1n;
export const NO_STREAM = -2n;
export const STREAM_EXISTS = -3n;

/**
 * Returns SQL for the first position that a reader must not read. A transaction that is still open can only store
 * events at or above this position, because their positions begin with its id.
 */
function firstHidden(schema: string): string {
  return `create function ${schema}.first_hidden() returns bigint language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (select xid_offset from ${schema}.store)) << ${POSITION_BITS};
end`;
}

/**
 * Appends commits to different streams, each with its own outcome. The arrays have an item for each commit.
 *
 * 1. Locks the heads of the streams, in the order of their names, so that two calls cannot wait for each other. A head
 *    that does not exist is created, and a second call that creates it waits for the first.
 * 2. Creates the event types that are new, in order.
 * 3. Checks and writes all commits in one statement. It begins after the locks are held, so that its snapshot has every
 *    commit to the streams. A command id is looked up before the precondition. The id of this transaction may be lower
 *    than that of another one that had the lock first. Then the positions of the stream would be in a different order
 *    from its revisions, so the append is not made.
 * 4. Deletes the heads that were created for refused commits.
 *
 * The hash is over the previous hash and the content (docs/chain.md): its version, the stream, the revision of the
 * first event, the time, and the content that the client encoded.
 */
function append(schema: string): string {
  return `create function ${schema}.append(
  streams text[], command_ids uuid[], preconditions bigint[], event_counts int[], times bigint[], contents bytea[],
  type_commits int[], type_names text[], type_counts int[]
) returns table (
  place int, outcome int, revision_before bigint, first_position bigint, recorded_at bigint, hash bytea
) language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
#variable_conflict use_column
declare
  base bigint := (pg_current_xact_id()::text::bigint + (select s.xid_offset from ${schema}.store s)) << ${POSITION_BITS};
  now_ms bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  insert into ${schema}.streams (id, name, revision, commits, hash, position)
  select base + n, name, -1, 0, '\\x${'00'.repeat(32)}', base - 1
  from unnest(streams) with ordinality as given(name, n)
  order by name collate "C"
  on conflict (name) do update set name = excluded.name where false;

  insert into ${schema}.event_types (category, type)
  select distinct split_part(streams[c], '-', 1) collate "C", t collate "C"
  from unnest(type_commits, type_names) as given(c, t)
  where not exists (
    select from ${schema}.event_types e where e.category = split_part(streams[c], '-', 1) and e.type = t
  )
  order by 1, 2
  on conflict (category, type) do nothing;

  return query
  with given as materialized (
    select n::int as n, name, command_id, precondition, event_count, coalesce(nullif(time, -1), now_ms) as time, content
    from unnest(streams, command_ids, preconditions, event_counts, times, contents)
      with ordinality as g(name, command_id, precondition, event_count, time, content, n)
  ), checked as materialized (
    select g.*, s.id, s.revision, s.commits, s.hash,
      case
        when exists (select from ${schema}.commits c where c.command_id = g.command_id) then ${DUPLICATE}
        when s.position >= base then ${OVERTAKEN}
        when case g.precondition
          when ${ANY} then true
          when ${NO_STREAM} then s.revision < 0
          when ${STREAM_EXISTS} then s.revision >= 0
          else s.revision = g.precondition
        end then ${ACCEPTED}
        else ${CONFLICT}
      end as outcome
    from given g join ${schema}.streams s on s.name = g.name
  ), accepted as materialized (
    select n, id, command_id, commits, revision, event_count, time, content,
      base + (sum(greatest(event_count, 1)) over (order by n) - greatest(event_count, 1))::bigint as position,
      sha256(
        hash || '\\x01' || int4send(octet_length(name)) || convert_to(name, 'UTF8')
        || case when event_count > 0 then '\\x01' || int8send(revision + 1) else '\\x00' end
        || int8send(time) || content
      ) as hash
    from checked where outcome = ${ACCEPTED}
  ), added as (
    insert into ${schema}.commits
      (command_id, stream_id, number, revision, event_count, position, recorded_at, hash, content)
    select command_id, id, commits, revision + 1, event_count, position, time, hash, content
    from accepted order by n
  ), moved as (
    update ${schema}.streams s
    set revision = a.revision + a.event_count, commits = a.commits + 1, hash = a.hash,
      position = a.position + greatest(a.event_count, 1) - 1
    from accepted a where s.id = a.id
  ), typed as (
    insert into ${schema}.commits_by_type (event_type_id, position, events)
    select e.id, a.position, events
    from unnest(type_commits, type_names, type_counts) as given(c, t, events)
    join accepted a on a.n = c
    join ${schema}.event_types e on e.category = split_part(streams[c], '-', 1) and e.type = t
  )
  select c.n, c.outcome, c.revision, a.position, c.time, a.hash from checked c left join accepted a on a.n = c.n;

  delete from ${schema}.streams s where s.name = any(streams) and s.id >= base and s.commits = 0;
end
$body$`;
}

/**
 * Locks streams until the end of the transaction, so that no other transaction can append to them. Returns the first
 * position of the transaction. Heads that do not exist are created. If the transaction appends nothing, it must be
 * rolled back.
 */
function lockStreams(schema: string): string {
  return `create function ${schema}.lock_streams(streams text[]) returns bigint language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
#variable_conflict use_column
declare
  base bigint := (pg_current_xact_id()::text::bigint + (select s.xid_offset from ${schema}.store s)) << ${POSITION_BITS};
begin
  insert into ${schema}.streams (id, name, revision, commits, hash, position)
  select base + n, name, -1, 0, '\\x${'00'.repeat(32)}', base - 1
  from unnest(streams) with ordinality as given(name, n)
  order by name collate "C"
  on conflict (name) do update set name = excluded.name where false;
  return base;
end
$body$`;
}

/**
 * Adds commits of another store, which the client has already checked. Their streams are locked by the transaction. The
 * heads become the last commits of each stream.
 */
function addCommits(schema: string): string {
  return `create function ${schema}.add_commits(
  streams text[], command_ids uuid[], numbers bigint[], revisions bigint[], event_counts int[], positions bigint[],
  times bigint[], hashes bytea[], contents bytea[], type_commits int[], type_names text[], type_counts int[]
) returns void language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
#variable_conflict use_column
begin
  insert into ${schema}.event_types (category, type)
  select distinct split_part(streams[c], '-', 1) collate "C", t collate "C"
  from unnest(type_commits, type_names) as given(c, t)
  order by 1, 2
  on conflict (category, type) do nothing;

  insert into ${schema}.commits
    (command_id, stream_id, number, revision, event_count, position, recorded_at, hash, content)
  select command_id, s.id, number, g.revision, event_count, g.position, time, g.hash, content
  from unnest(streams, command_ids, numbers, revisions, event_counts, positions, times, hashes, contents)
    as g(name, command_id, number, revision, event_count, position, time, hash, content)
  join ${schema}.streams s on s.name = g.name;

  insert into ${schema}.commits_by_type (event_type_id, position, events)
  select e.id, positions[c], n
  from unnest(type_commits, type_names, type_counts) as given(c, t, n)
  join ${schema}.event_types e on e.category = split_part(streams[c], '-', 1) and e.type = t;

  update ${schema}.streams s
  set revision = g.revision + g.event_count - 1, commits = g.number + 1, hash = g.hash,
    position = g.position + greatest(g.event_count, 1) - 1
  from (
    select distinct on (name) * from unnest(streams, numbers, revisions, event_counts, positions, hashes)
      as g(name, number, revision, event_count, position, hash)
    order by name, number desc
  ) g
  where s.name = g.name;
end
$body$`;
}

/** Returns the statements that create the functions in a schema, whose name is already quoted. */
export function functionsOf(schema: string): readonly string[] {
  return [firstHidden(schema), append(schema), lockStreams(schema), addCommits(schema), ...orderedReadsOf(schema)];
}

/** Returns the name of a schema as a part of a statement. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
