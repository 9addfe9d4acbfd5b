/**
 * The functions of the store, in PL/pgSQL and SQL. An append with its guard, decision record and hash is one call,
 * which takes one round trip. One call makes the appends of many callers, so that they share one flush to disk.
 */
import { orderedReadsOf } from './ordered-reads.ts';
import { nextPositionsHashSql } from './positions-hash.ts';
import { BODY, literal } from './quoting.ts';

/** The bits of a position that number the events of one transaction. The other bits are the id of the transaction. */
export const POSITION_BITS = 16;

/** The outcomes that the function `append` returns. */
export const ACCEPTED = 0;
export const DUPLICATE = 1;
export const CONFLICT = 2;
/** A transaction with a higher id has appended to the stream. The append is repeated with a new id. */
export const OVERTAKEN = 3;
/** The outcome with the place 0. It belongs to no commit, and means that a process may be listening. */
export const LISTENED = 4;

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
 * The settings of a function that writes. Its statements are planned once for each session and not for each call,
 * because planning takes longer than the append. The plan has to suit tables of any size, so that every table is read
 * by an index, even if it is small when the plan is made.
 */
const WRITES = `set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off`;

/** Returns SQL for the key of the lock that every listening process holds in shared mode. */
export function listenersLock(schema: string): string {
  return `hashtextextended('decidable listeners ' || ${literal(schema)}, 0)`;
}

/**
 * Returns SQL that is true if no process listens, so that an append saves the notification, a third of its processor
 * time. The lock is kept until the commit. A process that starts to listen waits for it before it reads the store, so
 * it reads the commit. If another append holds the lock too, both of them notify, which is harmless.
 */
function isUnheard(schema: string): string {
  return `pg_try_advisory_xact_lock(${listenersLock(schema)})`;
}

/** The revision of a stream without events, and its first hash. */
const NO_REVISION = -1;
const FIRST_HASH = `E'\\\\x${'00'.repeat(32)}'`;

/**
 * Appends commits to different streams, each with its own outcome. The arrays have an item for each commit, and are in
 * the order of the streams' names, so that two calls lock the heads in one order and cannot wait for each other. The
 * events of commit n begin at the position `offsets[n]` of this transaction. They have the type `types[only_types[n]]`,
 * or several types if `only_types[n]` is 0.
 *
 * 1. Looks up the command ids, and the event types. Creates the types that are new, in order.
 * 2. Moves the heads whose revision is expected, which locks them, and adds the commits, in one statement. The id of
 *    this transaction may be lower than that of another one that had the lock first. Then the positions of the stream
 *    would be in a different order from its revisions, so the append is not made.
 * 3. If a stream is missing, creates its head, and repeats step 2 for the new heads.
 * 4. Returns the reasons of the commits that were not added. If a commit has no reason, another transaction held the
 *    lock, and the append is repeated. A command that another transaction is adding at the moment violates the unique
 *    index, so that the whole call is repeated.
 * 5. Returns a row of place 0 if a process may be listening.
 *
 * The hash is over the previous hash and the content (docs/chain.md): its version, the stream, the revision of the
 * first event, the time, and the content that the client encoded.
 */
function append(schema: string): string {
  return `create function ${schema}.append(
  streams text[], command_ids uuid[], lowest bigint[], highest bigint[], event_counts int[], offsets int[], times bigint[],
  contents bytea[], categories text[], types text[], only_types int[], type_commits int[], type_numbers int[],
  type_counts int[]
) returns table (
  place int, outcome int, revision_before bigint, first_position bigint, recorded_at bigint, hash bytea
) language plpgsql volatile
${WRITES}
as ${BODY}
#variable_conflict use_column
declare
  base bigint;
  now_ms bigint;
  known uuid[];
  type_ids int[];
  added int;
  missing int := cardinality(streams);
  first_id bigint := 0;
  refused int[] := '{}';
begin
  select
    (pg_current_xact_id()::text::bigint + s.xid_offset) << ${POSITION_BITS},
    floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
    array(select c.command_id from ${schema}.commits c where c.command_id = any(command_ids)),
    array(${typeIds(schema)})
  into base, now_ms, known, type_ids
  from ${schema}.store s;

  if array_position(type_ids, null) is not null then
    insert into ${schema}.event_types (category, type)
    select g.category collate "C", g.type collate "C" from unnest(categories, types) as g(category, type)
    order by 1, 2
    on conflict (category, type) do nothing;
    type_ids := array(${typeIds(schema)});
  end if;

  loop
    return query
    with moved as (
      update ${schema}.streams s
      set revision = s.revision + g.event_count, commits = s.commits + 1,
        position = base + g.start + greatest(g.event_count, 1) - 1,
        positions_hash = ${nextPositionsHashSql('s.positions_hash', 'base + g.start')},
        hash = ${nextHash('s.hash', 's.revision', 'g.name', 'g.event_count', 'g.time', 'g.content')}
      from (
        select n, name, command_id, low, high, event_count, start, coalesce(nullif(time, -1), now_ms) as time, content,
          coalesce(type_ids[only_type], 0) as event_type_id
        from unnest(streams, command_ids, lowest, highest, event_counts, offsets, times, contents, only_types)
          with ordinality as u(name, command_id, low, high, event_count, start, time, content, only_type, n)
        where command_id <> all (known)
        offset 0
      ) g
      where s.name = g.name and s.id >= first_id and s.position < base and s.revision between g.low and g.high
      returning g.n::int, s.id, g.name, s.commits - 1 as number, s.revision - g.event_count as before, s.hash, g.command_id,
        g.event_count, g.content, g.time, g.event_type_id, base + g.start as position
    ), added as (
      insert into ${schema}.commits
        (command_id, stream_id, stream, number, revision, event_count, position, recorded_at, event_type_id, hash, content)
      select command_id, id, name, number, before + 1, event_count, position, time, event_type_id, hash, content from moved
    )
    select n, ${ACCEPTED}, before, position, time, hash from moved;
    get diagnostics added = row_count;
    missing := missing - added;
    exit when missing = 0 or first_id > 0;
    first_id := base;
    insert into ${schema}.streams (id, name, revision, commits, hash, position, positions_hash)
    select base + start, name, ${NO_REVISION}, 0, ${FIRST_HASH}, base - 1, ${FIRST_HASH}
    from unnest(streams, command_ids, lowest, offsets) with ordinality as g(name, command_id, low, start, n)
    where low = ${NO_REVISION} and command_id <> all (known)
      and not exists (select from ${schema}.streams s where s.name = g.name)
    order by n
    on conflict (name) do nothing;
    get diagnostics added = row_count;
    exit when added = 0;
  end loop;

  if missing > 0 then
    refused := array(
      select n::int from unnest(command_ids) with ordinality as g(command_id, n)
      where not exists (
        select from ${schema}.commits c
        where c.command_id = g.command_id and c.position between base and base + ${2 ** POSITION_BITS - 1}
      )
    );
    return query
    select r.n,
      case
        when c.command_id is not null then ${DUPLICATE}
        when s.position >= base or coalesce(s.revision, ${NO_REVISION}) between lowest[r.n] and highest[r.n] then ${OVERTAKEN}
        else ${CONFLICT}
      end,
      s.revision, null::bigint, null::bigint, null::bytea
    from unnest(refused) as r(n)
    left join ${schema}.streams s on s.name = streams[r.n]
    left join ${schema}.commits c on c.command_id = command_ids[r.n];
  end if;

  if cardinality(type_commits) > 0 then
    insert into ${schema}.commits_by_type (event_type_id, position, events)
    select type_ids[number], base + offsets[c], events
    from unnest(type_commits, type_numbers, type_counts) as g(c, number, events)
    where c <> all (refused);
  end if;
  if not ${isUnheard(schema)} then
    return query select 0, ${LISTENED}, null::bigint, null::bigint, null::bigint, null::bytea;
  end if;
end
${BODY}`;
}

/**
 * Appends one commit, whose events have one type, as `append` does. Most commits are appended one after another, and a
 * function without arrays takes half as long. If the commit cannot be added, it calls `append` for the reason. It
 * returns text, because PostgreSQL returns a row more slowly.
 */
function appendOne(schema: string): string {
  return `create function ${schema}.append_one(
  stream text, command uuid, lowest bigint, highest bigint, event_count int, given_time bigint, given_content bytea,
  given_category text, given_type text
) returns text language plpgsql volatile
${WRITES}
as ${BODY}
#variable_conflict use_column
declare
  base bigint;
  time bigint;
  type_id int;
  head_id bigint;
  commits_before bigint;
  revision_before bigint;
  next_hash bytea;
begin
  select
    (pg_current_xact_id()::text::bigint + s.xid_offset) << ${POSITION_BITS},
    coalesce(nullif(given_time, -1), floor(extract(epoch from clock_timestamp()) * 1000)::bigint),
    case when event_count = 0 then 0
      else (select e.id from ${schema}.event_types e where e.category = given_category and e.type = given_type)
    end
  into base, time, type_id
  from ${schema}.store s
  where not exists (select from ${schema}.commits c where c.command_id = command);

  while base is not null and type_id is null loop
    insert into ${schema}.event_types (category, type) values (given_category, given_type)
    on conflict (category, type) do nothing;
    select e.id into type_id from ${schema}.event_types e where e.category = given_category and e.type = given_type;
  end loop;

  update ${schema}.streams s
  set revision = s.revision + event_count, commits = s.commits + 1,
    position = base + greatest(event_count, 1) - 1, positions_hash = ${nextPositionsHashSql('s.positions_hash', 'base')},
    hash = ${nextHash('s.hash', 's.revision', 'stream', 'event_count', 'time', 'given_content')}
  where s.name = stream and s.position < base and s.revision between lowest and highest
  returning s.id, s.commits - 1, s.revision - event_count, s.hash
  into head_id, commits_before, revision_before, next_hash;

  if not found and base is not null and lowest = ${NO_REVISION} then
    insert into ${schema}.streams (id, name, revision, commits, hash, position, positions_hash)
    values (
      base, stream, ${NO_REVISION} + event_count, 1,
      ${nextHash(`${FIRST_HASH}::bytea`, `${NO_REVISION}::bigint`, 'stream', 'event_count', 'time', 'given_content')},
      base + greatest(event_count, 1) - 1, ${nextPositionsHashSql(`${FIRST_HASH}::bytea`, 'base')}
    )
    on conflict (name) do nothing
    returning id, 0, ${NO_REVISION}, hash into head_id, commits_before, revision_before, next_hash;
  end if;

  if not found then
    return (
      select concat_ws(
        ' ', outcome, coalesce(a.revision_before, ${NO_REVISION}), ${isUnheard(schema)}::int, first_position, recorded_at,
        encode(hash, 'hex')
      )
      from ${schema}.append(
        array[stream], array[command], array[lowest], array[highest], array[event_count], array[0], array[given_time],
        array[given_content], array_fill(given_category, array[least(event_count, 1)]),
        array_fill(given_type, array[least(event_count, 1)]), array[least(event_count, 1)], '{}', '{}', '{}'
      ) a
      where place = 1
    );
  end if;

  insert into ${schema}.commits
    (command_id, stream_id, stream, number, revision, event_count, position, recorded_at, event_type_id, hash, content)
  values (
    command, head_id, stream, commits_before, revision_before + 1, event_count, base, time, type_id, next_hash, given_content
  );
  return concat_ws(' ', ${ACCEPTED}, revision_before, ${isUnheard(schema)}::int, base, time, encode(next_hash, 'hex'));
end
${BODY}`;
}

/** Returns SQL for the hash of a commit: SHA-256 over the previous hash and the content (docs/chain.md). */
function nextHash(
  previous: string,
  revision: string,
  name: string,
  eventCount: string,
  time: string,
  content: string,
): string {
  return `sha256(
          ${previous} || E'\\\\x01' || int4send(octet_length(${name})) || convert_to(${name}, 'UTF8')
          || case when ${eventCount} > 0 then E'\\\\x01' || int8send(${revision} + 1) else E'\\\\x00' end
          || int8send(${time}) || ${content}
        )`;
}

/** Selects the ids of the given event types in their order. The id of an unknown type is NULL. */
function typeIds(schema: string): string {
  return `select (select e.id from ${schema}.event_types e where e.category = g.category and e.type = g.type)
      from unnest(categories, types) with ordinality as g(category, type, n) order by n`;
}

/**
 * Locks streams until the end of the transaction, so that no other transaction can append to them. Returns the first
 * position of the transaction. Heads that do not exist are created. If the transaction appends nothing, it must be
 * rolled back.
 */
function lockStreams(schema: string): string {
  return `create function ${schema}.lock_streams(streams text[]) returns bigint language plpgsql volatile
${WRITES}
as ${BODY}
#variable_conflict use_column
declare
  base bigint := (pg_current_xact_id()::text::bigint + (select s.xid_offset from ${schema}.store s)) << ${POSITION_BITS};
begin
  insert into ${schema}.streams (id, name, revision, commits, hash, position, positions_hash)
  select base + n, name, ${NO_REVISION}, 0, ${FIRST_HASH}, base - 1, ${FIRST_HASH}
  from unnest(streams) with ordinality as given(name, n)
  order by name collate "C"
  on conflict (name) do update set name = excluded.name where false;
  return base;
end
${BODY}`;
}

/**
 * Adds commits of another store, which the client has already checked. Their streams are locked by the transaction. The
 * heads become the last commits of each stream.
 */
function addCommits(schema: string): string {
  return `create function ${schema}.add_commits(
  streams text[], command_ids uuid[], numbers bigint[], revisions bigint[], event_counts int[], positions bigint[],
  positions_hashes bytea[], times bigint[], hashes bytea[], contents bytea[], only_types int[], type_commits int[], type_names text[],
  type_counts int[]
) returns void language plpgsql volatile
${WRITES}
as ${BODY}
#variable_conflict use_column
declare
  type_ids int[];
begin
  insert into ${schema}.event_types (category, type)
  select distinct split_part(streams[c], '-', 1) collate "C", t collate "C"
  from unnest(type_commits, type_names) as given(c, t)
  order by 1, 2
  on conflict (category, type) do nothing;

  type_ids := array(
    select (select e.id from ${schema}.event_types e where e.category = split_part(streams[c], '-', 1) and e.type = t)
    from unnest(type_commits, type_names) with ordinality as given(c, t, n) order by n
  );

  insert into ${schema}.commits
    (command_id, stream_id, stream, number, revision, event_count, position, recorded_at, event_type_id, hash, content)
  select command_id, s.id, s.name, number, g.revision, event_count, g.position, time, coalesce(type_ids[only_type], 0),
    g.hash, content
  from unnest(streams, command_ids, numbers, revisions, event_counts, positions, times, hashes, contents, only_types)
    as g(name, command_id, number, revision, event_count, position, time, hash, content, only_type)
  join ${schema}.streams s on s.name = g.name;

  insert into ${schema}.commits_by_type (event_type_id, position, events)
  select type_ids[n], positions[c], events
  from unnest(type_commits, type_counts) with ordinality as given(c, events, n)
  where only_types[c] = 0;

  update ${schema}.streams s
  set revision = g.revision + g.event_count - 1, commits = g.number + 1, hash = g.hash,
    position = g.position + greatest(g.event_count, 1) - 1, positions_hash = g.positions_hash
  from (
    select distinct on (name) *
    from unnest(streams, numbers, revisions, event_counts, positions, positions_hashes, hashes)
      as g(name, number, revision, event_count, position, positions_hash, hash)
    order by name, number desc
  ) g
  where s.name = g.name;
end
${BODY}`;
}

/** Returns the statements that create the functions in a schema, whose name is already quoted. */
export function functionsOf(schema: string): readonly string[] {
  return [
    firstHidden(schema),
    append(schema),
    appendOne(schema),
    lockStreams(schema),
    addCommits(schema),
    ...orderedReadsOf(schema),
  ];
}
