import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineDecider, defineEvent, defineEventHandler, defineProjector, upcastFrom, withCategory } from 'decidable';
import { json } from 'decidable/codecs/json';
import { ExpectationError, storedEvent, testDecider, testEventHandler, testProjector } from 'decidable/testing';
import { z } from 'zod';

/** An event with three versions: a price in euros, a price in cents, and a price in cents with a currency. */
const Priced = withCategory(
  defineEvent('Priced', z.object({ cents: z.bigint(), currency: z.string() }), {
    schemaVersion: 3,
    upcast: {
      1: upcastFrom(z.object({ euros: z.bigint() }), ({ euros }) => ({ cents: euros * 100n })),
      2: upcastFrom(z.object({ cents: z.bigint() }), ({ cents }) => ({ cents, currency: 'EUR' })),
    },
  }),
  'shop',
);

const common = {
  name: 'shop',
  version: '1',
  state: z.object({ cents: z.bigint(), currency: z.string() }),
  initialState: { cents: 0n, currency: '' },
  events: { Priced },
};

const shopOf = (codec?: typeof json) =>
  defineDecider({
    ...common,
    ...(codec === undefined ? {} : { codec }),
    commands: { Raise: z.object({ cents: z.bigint() }) },
    category: 'shop',
    streamId: () => '1',
    evolve: { Priced: (_draft, price) => price },
    decide: {
      Raise: (state, { cents }) => [Priced({ cents: state.cents + cents, currency: state.currency })],
    },
  });

const raise = { type: 'Raise', data: { cents: 1n } } as const;
const raised = Priced({ cents: 501n, currency: 'EUR' });

describe('an event that an older version stored', () => {
  test('is folded by a decider in its newest version', () => {
    const { given } = testDecider(shopOf());
    given(storedEvent('Priced', 1, { euros: 5n }))
      .when(raise)
      .then(raised);
    given(storedEvent('Priced', 2, { cents: 500n }))
      .when(raise)
      .then(raised);
    given(Priced({ cents: 1n, currency: 'EUR' }), storedEvent('Priced', 3, { cents: 500n, currency: 'EUR' }))
      .when(raise)
      .then(raised);
  });

  test('is read by the codec that the test names', () => {
    const { given } = testDecider(shopOf(json));
    given(storedEvent('Priced', 1, { euros: 5n }, json))
      .when(raise)
      .then(raised);
    given(storedEvent('Priced', 1, { euros: 5n }))
      .when(raise)
      .thenFault('undecodable-payload');
  });

  test('is a fault if its upcaster does not accept it', () => {
    const { given } = testDecider(shopOf());
    given(storedEvent('Priced', 1, { dollars: 5n }))
      .when(raise)
      .thenFault('upcast-failed');
  });

  test('is folded by a process manager', () => {
    const prices = defineEventHandler({
      ...common,
      commands: {},
      key: () => 'all',
      evolve: { Priced: (_draft, price) => price },
      handle: {},
    });
    testEventHandler(prices)
      .given(storedEvent('Priced', 1, { euros: 5n }))
      .when(raised)
      .thenNothing()
      .thenState({ cents: 501n, currency: 'EUR' });
  });

  test('is projected to a document', () => {
    const prices = defineProjector({ ...common, key: () => 'all', project: { Priced: (_draft, price) => price } });
    testProjector(prices)
      .given(storedEvent('Priced', 2, { cents: 500n }))
      .then({ all: { cents: 500n, currency: 'EUR' } });
  });

  test('is shown with its version if the sentence fails', () => {
    const { given } = testDecider(shopOf());
    assert.throws(
      () =>
        given(storedEvent('Priced', 1, { euros: 5n }))
          .when(raise)
          .thenNothing(),
      (error) => error instanceof ExpectationError && error.message.includes('Priced (version 1) { euros: 5n }'),
    );
  });
});
