/**
 * The reads of all events and of the log, as functions of the schema. They have to read in the order of an index and to
 * stop at their limit. Without the statistics of a table, the planner expects few rows after a position, and would sort
 * all later rows for each page. The settings of the functions prevent this plan.
 */
import { BODY } from './quoting.ts';

const ALL = 'bigint, bigint';
const SOME = 'bigint, bigint, text[], text[], text[], text[]';
const EVENTS = 'r1 text, r2 bigint, r3 bigint, r4 bigint, r5 bytea';
const COMMITS = 'r1 text, r2 bigint, r3 int, r4 bigint, r5 bigint, r6 bytea, r7 bytea';

/** Returns the statements that create the functions. The name of the schema is quoted already. */
export function orderedReadsOf(own: string): readonly string[] {
  return [
    read(own, 'all_forward', ALL, EVENTS, allForward(own)),
    read(own, 'all_backward', ALL, EVENTS, allBackward(own)),
    read(own, 'some_forward', SOME, EVENTS, some(own, 'forward')),
    read(own, 'some_backward', SOME, EVENTS, some(own, 'backward')),
    read(own, 'log_forward', 'uuid, bigint', COMMITS, log(own, 'forward')),
    read(own, 'log_backward', 'uuid, bigint', COMMITS, log(own, 'backward')),
  ];
}

function read(own: string, name: string, parameters: string, columns: string, query: string): string {
  return `create function ${own}.${name}(${parameters}) returns table (${columns}) language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off
set enable_mergejoin = off
as ${BODY}
begin
  return query ${query};
end
${BODY}`;
}

function allForward(own: string): string {
  return `select c.stream, c.revision, c.position, c.recorded_at, c.content
      from (
        select stream, revision, position, recorded_at, content,
          sum(case when position > $1::bigint then event_count else 0 end) over (order by position rows unbounded preceding)
            - event_count as before
        from ${own}.commits
        where event_count > 0 and position >= ${containing(own)} and position < ${own}.first_hidden()
        order by position limit $2::bigint + 1
      ) c
      where c.before < $2::bigint
      order by c.position`;
}

function allBackward(own: string): string {
  return `select c.stream, c.revision, c.position, c.recorded_at, c.content
      from (
        select stream, revision, position, recorded_at, content,
          sum(least(event_count, $1::bigint - position)) over (order by position desc rows unbounded preceding)
            - least(event_count, $1::bigint - position) as before
        from ${own}.commits
        where event_count > 0 and position < $1::bigint and position < ${own}.first_hidden()
        order by position desc limit $2::bigint
      ) c
      where c.before < $2::bigint
      order by c.position desc`;
}

/** Selects the position of the commit that may contain the first event after position $1. */
function containing(own: string): string {
  return `(select coalesce((
    select f.position from ${own}.commits f where f.event_count > 0 and f.position <= $1::bigint
    order by f.position desc limit 1
  ), 0))`;
}

/**
 * Selects events of some types. Each type has an ordered list of the commits with this type alone, and another of the
 * commits with other types too, so only `limit` commits of each list are read.
 */
function some(own: string, direction: 'forward' | 'backward'): string {
  const [order, isInside] =
    direction === 'forward'
      ? ['', `position >= ${containing(own)} and position < ${own}.first_hidden()`]
      : ['desc', `position < $1::bigint and position < ${own}.first_hidden()`];
  // The commit at position $1 is not counted, because it may have no wanted event on this side of the position.
  const whole = direction === 'forward' ? 'position > $1::bigint' : `position + ${1_000} <= $1::bigint`;
  return `
    with wanted as materialized (
      select e.id from ${own}.event_types e
      where (cardinality($3::text[]) = 0 or e.category = any($3::text[]))
        and (cardinality($4::text[]) = 0 or e.type = any($4::text[]))
        and (cardinality($5::text[]) = 0
          or exists (select from unnest($5::text[], $6::text[]) n(category, type) where n.category = e.category and n.type = e.type))
    ), listed as (
      select found.position, sum(found.events) as events
      from wanted cross join lateral (
        (select position, event_count as events from ${own}.commits
          where event_type_id > 0 and event_type_id = wanted.id and ${isInside}
          order by position ${order} limit $2::bigint + 1)
        union all
        (select position, events from ${own}.commits_by_type
          where event_type_id = wanted.id and ${isInside}
          order by position ${order} limit $2::bigint + 1)
      ) found
      group by found.position
    ), counted as (
      select position, sum(case when ${whole} then events else 0 end)
          over (order by position ${order} rows unbounded preceding)
        - case when ${whole} then events else 0 end as before
      from listed order by position ${order} limit $2::bigint + 1
    )
    select c.stream, c.revision, c.position, c.recorded_at, c.content
    from counted join ${own}.commits c on c.position = counted.position and c.event_count > 0
    where counted.before < $2::bigint
    order by c.position ${order}`;
}

/**
 * Selects the commits of all streams in order. Commits with events and commits without events have separate indexes.
 */
function log(own: string, direction: 'forward' | 'backward'): string {
  const [order, comparison, start] = direction === 'forward' ? ['', '>', '-1'] : ['desc', '<', '9223372036854775807'];
  const part = (condition: string): string => `
        (select c.* from ${own}.commits c
          where ${condition} and c.position ${comparison} a.position and c.position < ${own}.first_hidden()
          order by c.position ${order} limit $2::bigint)`;
  return `
    with a as (
      select c.position from ${own}.commits c where c.command_id = $1::uuid
      union all select ${start} where $1::uuid is null
    )
    select c.stream, c.revision, c.event_count, c.position, c.recorded_at, c.hash, c.content
    from a, lateral (${part('c.event_count > 0')}
        union all ${part('c.event_count = 0')}
    ) c
    order by c.position ${order} limit $2::bigint`;
}
