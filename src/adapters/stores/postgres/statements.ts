/**
 * The statements of a store, for its schema. Kysely builds the simple ones. Reads of events are written by hand,
 * because their plans must use certain indexes.
 *
 * Events are read by their commits. A read begins with the commit that holds the first wanted event. It reads only the
 * commits that it needs, because `before` is the number of events in the earlier commits.
 */
import { quoted } from '../../../core/storage/sql-identifier.ts';
import { bound, compilerFor, type Tables } from './schema.ts';

/** The SQL of each statement. */
export interface Statements {
  readonly streamForward: string;
  readonly streamBackward: string;
  readonly allForward: string;
  readonly allBackward: string;
  readonly someForward: string;
  readonly someBackward: string;
  readonly lastPosition: string;
  readonly commitOfCommand: string;
  readonly commits: string;
  readonly logForward: string;
  readonly logBackward: string;
  readonly lockStreams: string;
  readonly headsOf: string;
  readonly hashesOf: string;
  readonly addCommits: string;
  readonly streams: string;
  readonly loadSnapshot: string;
  readonly saveSnapshot: string;
  readonly dropSnapshot: string;
}

export function statementsOf(schema: string): Statements {
  const own = quoted(schema);
  const compiler = compilerFor<Tables>(schema);
  const ofKey = [bound<string>(1), bound<string>(2), bound<string>(3)] as const;
  return {
    streamForward: `
      select c.revision, c.position, c.recorded_at, c.content
      from (select id from ${own}.streams where name = $1) s, ${own}.commits c
      where c.stream_id = s.id and c.event_count > 0 and c.revision < $2::bigint + $3::bigint
        and c.revision >= coalesce((
          select f.revision from ${own}.commits f
          where f.stream_id = s.id and f.event_count > 0 and f.revision <= $2::bigint
          order by f.revision desc limit 1
        ), 0)
      order by c.revision`,
    streamBackward: `
      select c.revision, c.position, c.recorded_at, c.content
      from (select id, least(revision, $2::bigint) as top from ${own}.streams where name = $1) s, ${own}.commits c
      where c.stream_id = s.id and c.event_count > 0 and c.revision <= s.top
        and c.revision >= coalesce((
          select f.revision from ${own}.commits f
          where f.stream_id = s.id and f.event_count > 0 and f.revision <= s.top - $3::bigint + 1
          order by f.revision desc limit 1
        ), 0)
      order by c.revision desc`,
    allForward: `select * from ${own}.all_forward($1::bigint, $2::bigint)`,
    allBackward: `select * from ${own}.all_backward($1::bigint, $2::bigint)`,
    someForward: `select * from ${own}.some_forward($1::bigint, $2::bigint, $3::text[], $4::text[], $5::text[], $6::text[])`,
    someBackward: `select * from ${own}.some_backward($1::bigint, $2::bigint, $3::text[], $4::text[], $5::text[], $6::text[])`,
    lastPosition: `
      select last.position, last.event_count,
        exists (select from ${own}.commits where event_count > 0 and position >= bound.hidden), bound.transaction
      from (select ${own}.first_hidden() as hidden, pg_snapshot_xmax(pg_current_snapshot())::text as transaction) bound
      left join lateral (
        select position, event_count from ${own}.commits
        where event_count > 0 and position < bound.hidden order by position desc limit 1
      ) last on true`,
    commitOfCommand: compiler
      .selectFrom('commits as c')
      .select(['c.stream', 'c.revision', 'c.event_count', 'c.position', 'c.recorded_at', 'c.hash', 'c.content'])
      .where('c.command_id', '=', bound<string>(1))
      .compile().sql,
    commits: `
      with s as (select id, name from ${own}.streams where name = $1), a as (
        select c.revision, c.number from ${own}.commits c, s where c.command_id = $2::uuid and c.stream_id = s.id
        union all select -1, -1 where $2::uuid is null
      )
      select s.name, c.revision, c.event_count, c.position, c.recorded_at, c.hash, c.content
      from s, a, lateral (
        (select * from ${own}.commits c
          where c.stream_id = s.id and c.event_count > 0 and c.revision >= a.revision and c.number > a.number
          order by c.revision limit $3::bigint)
        union all
        (select * from ${own}.commits c
          where c.stream_id = s.id and c.event_count = 0 and (c.revision, c.number) > (a.revision, a.number)
          order by c.revision, c.number limit $3::bigint)
      ) c
      order by c.number limit $3::bigint`,
    logForward: `select * from ${own}.log_forward($1::uuid, $2::bigint)`,
    logBackward: `select * from ${own}.log_backward($1::uuid, $2::bigint)`,
    lockStreams: `select ${own}.lock_streams($1::text[])`,
    headsOf: `
      select name, revision, commits, hash, position, positions_hash from ${own}.streams where name = any($1::text[])`,
    hashesOf: `
      select c.command_id, c.stream, c.hash from ${own}.commits c
      where c.command_id = any($1::uuid[])`,
    addCommits: `
      select ${own}.add_commits($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::int[], $6::bigint[],
        $7::bytea[], $8::bigint[], $9::bytea[], $10::bytea[], $11::int[], $12::int[], $13::text[], $14::int[])`,
    streams: `
      select name, revision, hash from ${own}.streams
      where id > coalesce((select id from ${own}.streams where name = $1), case when $1::text is null then -1 end)
        and id < ${own}.first_hidden()
      order by id limit $2::bigint`,
    loadSnapshot: compiler
      .selectFrom('snapshots')
      .select(['revision', 'content_type', 'state', 'checksum'])
      .where('stream', '=', ofKey[0])
      .where('module_name', '=', ofKey[1])
      .where('module_version', '=', ofKey[2])
      .compile().sql,
    saveSnapshot: compiler
      .insertInto('snapshots')
      .values({
        stream: ofKey[0],
        module_name: ofKey[1],
        module_version: ofKey[2],
        revision: bound<string>(4),
        content_type: bound<string>(5),
        state: bound<string>(6),
        checksum: bound<string>(7),
      })
      .onConflict((conflict) =>
        conflict
          .columns(['stream', 'module_name', 'module_version'])
          .doUpdateSet(({ ref }) => ({
            revision: ref('excluded.revision'),
            content_type: ref('excluded.content_type'),
            state: ref('excluded.state'),
            checksum: ref('excluded.checksum'),
          }))
          .whereRef('snapshots.revision', '<=', 'excluded.revision'),
      )
      .compile().sql,
    dropSnapshot: compiler
      .deleteFrom('snapshots')
      .where('stream', '=', ofKey[0])
      .where('module_name', '=', ofKey[1])
      .where('module_version', '=', ofKey[2])
      .compile().sql,
  };
}
