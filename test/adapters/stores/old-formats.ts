/** The tables of older formats, as older releases of the package created them (docs/sqlite-format.md). */

/** The statements by format version. */
export const OLD_FORMATS: Readonly<Record<1 | 2, string>> = (() => {
  const version1 = `
    create table "streams" ("id" integer primary key, "name" text not null unique) strict;
    create table "event_types" (
      "id" integer primary key, "category" text not null, "type" text not null, "schema_version" integer not null,
      constraint "event_types_are_unique" unique ("category", "type", "schema_version")
    ) strict;
    create table "command_types" (
      "id" integer primary key, "module_name" text not null, "module_version" text not null, "module_digest" blob,
      "content_type" text not null, "type" text not null, "schema_version" integer not null
    ) strict;
    create table "decisions" (
      "id" integer primary key, "command_id" blob not null unique,
      "stream_id" integer not null references "streams" ("id"),
      "command_type_id" integer not null references "command_types" ("id"),
      "payload" blob not null, "seen_revision" integer, "event_count" integer not null, "revision" integer,
      "rejection" text, "causation_id" text, "correlation_id" text, "actor" text, "key_id" text,
      "recorded_at" integer not null, "hash" blob not null
    ) strict;
    create index "decisions_without_events" on "decisions" ("stream_id") where event_count = 0;
    create table "events" (
      "position" integer primary key, "stream_id" integer not null references "streams" ("id"),
      "revision" integer not null, "decision_id" integer not null references "decisions" ("id"),
      "event_type_id" integer not null references "event_types" ("id"), "payload" blob not null,
      constraint "events_by_stream" unique ("stream_id", "revision")
    ) strict;`;
  const version2 = `${version1}
    create index "events_by_type" on "events" ("event_type_id");
    create table "snapshots" (
      "stream" text not null, "module_name" text not null, "module_version" text not null, "revision" integer not null,
      "content_type" text not null, "state" blob not null,
      constraint "snapshots_are_unique" unique ("stream", "module_name", "module_version")
    ) strict;`;
  return { 1: version1, 2: version2 };
})();
