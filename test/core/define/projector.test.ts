import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineEvent, defineProjector, dropDocument, type EventContext, isFault, withCategory } from 'decidable';
import { z } from 'zod';

const TableBooked = withCategory(defineEvent('TableBooked', z.object({ table: z.string(), guests: z.int() })), 'table');
const TableMoved = withCategory(defineEvent('TableMoved', z.object({ table: z.string(), extra: z.bigint() })), 'table');
const TableLeft = withCategory(defineEvent('TableLeft', z.object({ table: z.string() })), 'table');

const base = {
  name: 'restaurant.tables',
  version: '3',
  state: z.object({ guests: z.int(), history: z.array(z.bigint()) }),
  events: { TableBooked, TableMoved, TableLeft },
  initialState: { guests: 0, history: [] },
};

const tables = defineProjector({
  ...base,
  key: (event) => (event.data.table === 'bar' ? undefined : event.data.table),
  project: {
    TableBooked: (draft, { guests }, { recordedAt }) => {
      draft.guests = guests;
      draft.history.push(recordedAt);
    },
    TableMoved: (draft, { extra }) => ({ ...draft, guests: draft.guests + Number(extra) }),
    TableLeft: () => dropDocument,
  },
});

const at = (recordedAt: bigint): EventContext => ({
  id: '00000000-0000-5000-8000-000000000000',
  stream: 'table-1',
  revision: 0n,
  position: 0n,
  recordedAt,
  correlationId: 'c',
  causationId: 'd',
});

describe('a read model', () => {
  const { projector, types } = tables;
  const booked = projector.project(projector.initialState(), TableBooked({ table: '1', guests: 2 }), at(9n));

  test('describes the events that it reads', () => {
    const { name, version, events } = projector.describe();
    assert.deepEqual(
      { name, version, events },
      {
        name: 'restaurant.tables',
        version: '3',
        events: ['TableBooked', 'TableMoved', 'TableLeft'].map((type) => ({
          category: 'table',
          type,
          name: undefined,
        })),
      },
    );
  });

  test('returns the key of the document, or undefined', () => {
    assert.equal(projector.key(TableLeft({ table: '4' })), '4');
    assert.equal(projector.key(TableLeft({ table: 'bar' })), undefined);
  });

  test('changes a draft of the document, with the context of the event', () => {
    assert.deepEqual(booked, { guests: 2, history: [9n] });
    assert.deepEqual(projector.initialState(), { guests: 0, history: [] });
  });

  test('replaces the document with the returned one', () => {
    const moved = projector.project(booked!, TableMoved({ table: '1', extra: 3n }), at(10n));
    assert.deepEqual(moved, { guests: 5, history: [9n] });
  });

  test('drops the document', () => {
    assert.equal(projector.project(booked!, TableLeft({ table: '1' }), at(10n)), undefined);
  });

  test('encodes documents and decodes them again', () => {
    assert.deepEqual(types.state.fromBytes(types.state.toBytes(booked!)), booked);
  });

  test('has no commands', () => {
    assert.throws(() => types.command.fromEnvelope({ type: 'Book', schemaVersion: 1, payload: new Uint8Array() }), {
      code: 'unknown-type',
    });
  });

  test('fails with a fault of the handler', () => {
    const broken = defineProjector({
      ...base,
      key: (() => 7) as never,
      project: {
        TableBooked: () => {
          throw new Error('no room');
        },
        TableMoved: () => {},
        TableLeft: () => {},
      },
    }).projector;
    assert.throws(
      () => broken.project({ guests: 0, history: [] }, TableBooked({ table: '1', guests: 1 }), at(0n)),
      (error) => {
        assert.ok(isFault(error));
        assert.equal(error.code, 'project-failed');
        return true;
      },
    );
    assert.throws(() => broken.key(TableLeft({ table: '1' })), { code: 'key-failed' });
  });

  test('is refused if an event has no handler', () => {
    const project = { TableBooked: () => {}, TableMoved: () => {} } as never;
    assert.throws(() => defineProjector({ ...base, key: () => 'one', project }), {
      code: 'invalid-definition',
      payload: { place: 'restaurant.tables.project.TableLeft' },
    });
  });
});
