import type { DatabaseSync } from 'node:sqlite'
import { JournalRefused } from './refused.ts'

/** `PRAGMA application_id` of our files: "HOLD". */
const applicationId = 0x484f4c44

/**
 * The steps from an empty file to today's schema, in order; a step never changes once it was released.
 *
 * `batch` is the log: one row per session and commit, in the order of commits, so that a commit writes the end of one
 * table and nothing else. `place` finds a session's rows; it is filled for thousands of rows at a time (see tail.ts),
 * because an index entry per row would write a page per session and commit. `meta.indexed` is the last row in `place`;
 * sessions with rows after it have a newer head than their own row says.
 */
const steps: readonly string[] = [
  `create table meta (key text primary key, value integer not null) strict, without rowid;
   insert into meta values ('epoch', 1), ('indexed', 0), ('restored', 0), ('probe', 0);

   create table session (
     id integer primary key autoincrement, name text not null unique, by text not null, term integer not null,
     head integer not null, floor integer not null, updated integer not null, busy integer not null,
     damaged integer not null, summary text not null, sum integer not null) strict;
   create index session_updated on session (updated, name);
   create index session_by on session (by, updated, name);
   create index session_busy on session (updated, name) where busy = 1;

   create table batch (
     id integer primary key, session integer not null, first integer not null, last integer not null,
     at integer not null, sum integer not null, json text not null) strict;
   create table place (
     session integer not null, first integer not null, row integer not null,
     primary key (session, first)) strict, without rowid;

   create table message (
     id integer primary key, session integer not null, mid text not null, seq integer not null, role text not null,
     at integer not null, sum integer not null, text text not null, exact text, unique (session, mid)) strict;
   create virtual table message_fts using fts5 (text, content = 'message', content_rowid = 'id');

   create table command (
     id integer primary key, session integer not null, name text not null, hash text not null, seq integer not null,
     sum integer not null, body text, unique (session, name)) strict;
   create index command_pending on command (session, id) where body is not null;

   create table checkpoint (session integer primary key, sum integer not null, state text not null) strict;`,

  `create table stream (
     id integer primary key autoincrement, scope text not null, path text not null, expires integer,
     sum integer not null, info text not null, unique (scope, path)) strict;
   create index stream_expires on stream (expires) where expires is not null;
   create table stream_append (
     id integer primary key, stream integer not null, first integer not null, last integer not null,
     sum integer not null, data blob not null, unique (stream, first)) strict;
   create table stream_producer (
     stream integer not null, name text not null, epoch integer not null, seq integer not null, sum integer not null,
     primary key (stream, name)) strict, without rowid;`,
]

const pragma = (db: DatabaseSync, name: string): unknown => Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]

/** @throws JournalRefused when the file is another program's, or a newer version's */
export const checkSchema = (db: DatabaseSync, file: string): number => {
  const version = Number(pragma(db, 'user_version'))
  const id = Number(pragma(db, 'application_id'))
  const empty = version === 0 && id === 0 && db.prepare('select 1 from sqlite_schema').get() === undefined
  if (id !== applicationId && !empty)
    throw new JournalRefused('foreign', `${file} is not a Holdfast journal. Name another file.`)
  if (version > steps.length)
    throw new JournalRefused(
      'newer',
      `${file} was written by a newer Holdfast (format ${version}, this one knows ${steps.length}). ` +
        'Update Holdfast, or restore a backup that this version made.',
    )
  return version
}

/** Brings a file up to today's schema. Forward only; each step is one transaction. */
export const migrate = (db: DatabaseSync, file: string): void => {
  for (let version = checkSchema(db, file); version < steps.length; version++) {
    db.exec('begin immediate')
    db.exec(`${steps[version]}; pragma application_id = ${applicationId}; pragma user_version = ${version + 1}; commit`)
  }
}
