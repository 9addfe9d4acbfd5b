/** An event is identified by its category and its type. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AnyModule,
  createEventSourcer,
  DefinitionError,
  defineCommand,
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineSystem,
  dispatchCommand,
  streamNameOf,
  withCategory,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';

const id = z.object({ id: z.string() });
const Cancelled = defineEvent('Cancelled', id, { aliases: ['Annulled'] });

/** A decider whose only event is `Cancelled`. */
function cancelling(category: string, command: string, event: typeof Cancelled = defineEvent('Cancelled', id)) {
  return defineDecider({
    name: `decider of ${command}`,
    version: '1',
    category,
    state: z.object({ times: z.int() }),
    commands: { [command]: defineCommand(command, id) },
    events: { Cancelled: event },
    streamId: ({ data }) => data.id,
    initialState: { times: 0 },
    evolve: {
      Cancelled: (draft) => {
        draft.times++;
      },
    },
    decide: { [command]: (_state, data) => [event(data)] },
  });
}

function placeOf(define: () => unknown): string {
  try {
    define();
  } catch (error) {
    assert.ok(error instanceof DefinitionError, String(error));
    return error.payload.place;
  }
  return assert.fail('nothing was refused');
}

const sourcerOf = (...modules: AnyModule[]) => createEventSourcer({ store: createMemoryStore(), modules });

describe('the stream of a command', () => {
  test('is named by the category and the id', async () => {
    await using sourcer = sourcerOf(cancelling('order', 'Cancel'));
    const command = { type: 'Cancel', data: { id: 'a-1' } } as never;
    assert.equal((await sourcer.dispatch(command)).stream, 'order-a-1');
  });

  test('is the category itself if the id is empty', async () => {
    await using sourcer = sourcerOf(cancelling('order', 'Cancel'));
    assert.equal((await sourcer.dispatch({ type: 'Cancel', data: { id: '' } } as never)).stream, 'order');
  });

  test('has the name that streamNameOf returns', () => {
    assert.deepEqual([streamNameOf('order', '7'), streamNameOf('order', '')], ['order-7', 'order']);
  });
});

describe('a category', () => {
  for (const category of ['', 'a-b', 'a\0', '\ud800', 'x'.repeat(256), undefined, 5]) {
    test(`is refused if it is ${JSON.stringify(category)?.slice(0, 20)}`, () => {
      assert.equal(
        placeOf(() => cancelling(category as string, 'Cancel')),
        'decider of Cancel.category',
      );
      assert.equal(
        placeOf(() => withCategory(Cancelled, category as string)),
        'withCategory.category',
      );
    });
  }

  test('is checked by the event sourcer if it is in a descriptor', () => {
    const decider = cancelling('order', 'Cancel');
    const describe = () => ({ ...decider.routing.describe(), category: 'a-b' });
    assert.equal(
      placeOf(() => sourcerOf({ ...decider, routing: { ...decider.routing, describe } } as never)),
      'createEventSourcer.modules[0].category',
    );
  });
});

describe('the definition of an event', () => {
  test('has the category of its decider', () => {
    const order = cancelling('order', 'Cancel');
    assert.equal(order.events.Cancelled.category, 'order');
    assert.deepEqual(order.events.Cancelled({ id: '1' }), { type: 'Cancelled', data: { id: '1' } });
  });

  test('has no category before a decider owns it', () => {
    cancelling('order', 'Cancel', Cancelled);
    assert.equal(Cancelled.category, undefined);
  });

  test('is one object for all deciders of a category that share it', () => {
    const [one, other] = [cancelling('order', 'Cancel', Cancelled), cancelling('order', 'Annul', Cancelled)];
    assert.equal(one.events.Cancelled, other.events.Cancelled);
    assert.equal(withCategory(Cancelled, 'order'), one.events.Cancelled);
  });

  test('is another object for a decider of another category', () => {
    const [one, other] = [cancelling('order', 'Cancel', Cancelled), cancelling('subscription', 'Annul', Cancelled)];
    assert.deepEqual([one.events.Cancelled.category, other.events.Cancelled.category], ['order', 'subscription']);
  });

  test('is refused by a decider of another category', () => {
    const order = cancelling('order', 'Cancel', Cancelled);
    assert.equal(
      placeOf(() => cancelling('subscription', 'Annul', order.events.Cancelled)),
      'decider of Annul.events.Cancelled',
    );
    assert.equal(
      placeOf(() => withCategory(order.events.Cancelled, 'subscription')),
      'withCategory',
    );
  });

  test('gets no category if it is a command', () => {
    assert.equal(
      placeOf(() => withCategory(defineCommand('Cancel', id) as never, 'order')),
      'withCategory',
    );
  });
});

/** A module without definitions, like a component. */
const undefinedEvents = (module: AnyModule): AnyModule => ({ ...module, events: undefined });

describe('two modules with the same event type', () => {
  const refused = (one: AnyModule, other: AnyModule): void => {
    assert.equal(
      placeOf(() => sourcerOf(one, other)),
      'createEventSourcer.modules',
    );
    assert.equal(
      placeOf(() => defineSystem({ name: 'shop', deciders: [one, other] })),
      'shop.deciders',
    );
  };

  test('are refused if the category is the same', () => {
    refused(cancelling('order', 'Cancel'), cancelling('order', 'Annul'));
  });

  test('are both named by the error', () => {
    assert.throws(() => sourcerOf(cancelling('order', 'Cancel'), cancelling('order', 'Annul')), {
      payload: {
        place: 'createEventSourcer.modules',
        names: ['order.Cancelled', 'decider of Cancel', 'decider of Annul'],
      },
    });
  });

  test('are refused if one of them is a component', () => {
    const decider = cancelling('order', 'Cancel', Cancelled);
    refused(decider, undefinedEvents(cancelling('order', 'Annul', Cancelled)));
    refused(undefinedEvents(decider), cancelling('order', 'Annul', Cancelled));
    refused(undefinedEvents(decider), undefinedEvents(cancelling('order', 'Annul', Cancelled)));
  });

  test('are refused if the type is a former name of the other event', () => {
    refused(
      cancelling('order', 'Cancel', Cancelled),
      cancelling('order', 'Annul', defineEvent('Cancelled', id, { aliases: ['Annulled'] })),
    );
  });

  test('fold each other’s events if they share the definition', async () => {
    const [one, other] = [cancelling('order', 'Cancel', Cancelled), cancelling('order', 'Annul', Cancelled)];
    await using sourcer = sourcerOf(one, other);
    await sourcer.dispatch({ type: 'Cancel', data: { id: '1' } } as never);
    await sourcer.dispatch({ type: 'Annul', data: { id: '1' } } as never);
    const { state } = await sourcer.state(other, 'order-1');
    assert.deepEqual(state, { times: 2 });
  });

  test('store and fold their own events if the categories differ', async () => {
    const [order, subscription] = [cancelling('order', 'Cancel'), cancelling('subscription', 'Annul')];
    await using sourcer = sourcerOf(order, subscription);
    await sourcer.dispatch({ type: 'Cancel', data: { id: '1' } } as never);
    await sourcer.dispatch({ type: 'Annul', data: { id: '1' } } as never);
    assert.deepEqual((await sourcer.state(order, 'order-1')).state, { times: 1 });
    assert.deepEqual((await sourcer.state(subscription, 'subscription-1')).state, { times: 1 });
  });
});

test('a process manager whose name is the category of a decider is refused', () => {
  const order = cancelling('order', 'Cancel');
  const manager = defineEventHandler({
    name: 'order',
    version: '1',
    state: z.object({}),
    events: { Cancelled: order.events.Cancelled },
    commands: order.commands,
    key: ({ data }) => data.id,
    initialState: {},
    evolve: {},
    handle: { Cancelled: (_state, data) => [dispatchCommand(order.commands['Cancel']!(data) as never)] },
  });
  const system = () => defineSystem({ name: 'shop', deciders: [order], processManagers: [manager] });
  assert.equal(placeOf(system), 'shop.processManagers[0]');
});
