import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Adapter,
  type Addressed,
  adapt,
  combine,
  type Decider,
  type Either,
  isRejection,
  left,
  many,
  neutral,
  reject,
  right,
} from 'decidable';
import fc from 'fast-check';

/** A shelf with a limited number of books. A full shelf rejects `put`, and an empty one rejects `take`. */
type Ask = { put: number } | { take: number };
type Moved = { moved: number };

function shelf(size: number): Decider<number, Ask, Moved> {
  return {
    initialState: () => 0,
    evolve: (books, { moved }) => books + moved,
    decide: (books, ask) => {
      const moved = 'put' in ask ? ask.put : -ask.take;
      if (books + moved > size) throw reject('full');
      if (books + moved < 0) throw reject('empty');
      return Array.from({ length: Math.abs(moved) }, () => ({ moved: Math.sign(moved) }));
    },
  };
}

/** A lamp that is on or off. A command that changes nothing has no events. */
const lamp: Decider<boolean, 'on' | 'off', 'lit' | 'darkened'> = {
  initialState: () => false,
  evolve: (_on, event) => event === 'lit',
  decide: (on, command) => (command === 'on' ? (on ? [] : ['lit']) : on ? ['darkened'] : []),
};

/** The outcome of each command and the last state, which are the whole observable behaviour of a decider. */
function play<State, Command, Event>(decider: Decider<State, Command, Event>, commands: readonly Command[]) {
  let state = decider.initialState();
  const log: (readonly Event[] | string)[] = [];
  for (const command of commands) {
    try {
      const events = decider.decide(state, command);
      state = events.reduce(decider.evolve, state);
      log.push(events);
    } catch (error) {
      if (!isRejection(error)) throw error;
      log.push(error.code);
    }
  }
  return { state, log, events: log.flatMap((entry) => (typeof entry === 'string' ? [] : entry)) };
}

const ask: fc.Arbitrary<Ask> = fc.oneof(
  fc.record({ put: fc.nat(4) }, { noNullPrototype: true }),
  fc.record({ take: fc.nat(4) }, { noNullPrototype: true }),
);
const size = fc.nat(8);
const switched = fc.constantFrom<('on' | 'off')[]>('on', 'off');
const forEither = <L, R>(l: fc.Arbitrary<L>, r: fc.Arbitrary<R>): fc.Arbitrary<Either<L, R>> =>
  fc.oneof(l.map(left), r.map(right));
const some = <T>(value: fc.Arbitrary<T>) => fc.array(value, { maxLength: 20 });

describe('two combined deciders', () => {
  test('each decide as they do alone', () => {
    fc.assert(
      fc.property(size, some(forEither(ask, switched)), (books, commands) => {
        const both = play(combine(shelf(books), lamp), commands);
        const asked = commands.flatMap((command) => (command.tag === 'left' ? [command.val] : []));
        const pressed = commands.flatMap((command) => (command.tag === 'right' ? [command.val] : []));
        const [one, other] = [play(shelf(books), asked), play(lamp, pressed)];
        assert.deepEqual(both.state, [one.state, other.state]);
        assert.deepEqual(
          both.events.flatMap((event) => (event.tag === 'left' ? [event.val] : [])),
          one.events,
        );
        assert.deepEqual(
          both.events.flatMap((event) => (event.tag === 'right' ? [event.val] : [])),
          other.events,
        );
      }),
    );
  });

  test('have the state of their events after a replay', () => {
    fc.assert(
      fc.property(size, some(forEither(ask, switched)), (books, commands) => {
        const both = combine(shelf(books), lamp);
        const { state, events } = play(both, commands);
        assert.deepEqual(events.reduce(both.evolve, both.initialState()), state);
      }),
    );
  });

  test('are associative up to the nesting of pairs', () => {
    type Three<A, B, C> = Either<Either<A, B>, C>;
    const regroup = <A, B, C>(three: Three<A, B, C>): Either<A, Either<B, C>> =>
      three.tag === 'right'
        ? right(right(three.val))
        : three.val.tag === 'left'
          ? left(three.val.val)
          : right(left(three.val.val));
    fc.assert(
      fc.property(size, size, some(forEither(forEither(ask, switched), ask)), (first, last, commands) => {
        const inner = play(combine(combine(shelf(first), lamp), shelf(last)), commands);
        const outer = play(combine(shelf(first), combine(lamp, shelf(last))), commands.map(regroup));
        assert.deepEqual(
          inner.log.map((entry) => (typeof entry === 'string' ? entry : entry.map(regroup))),
          outer.log,
        );
        const [[a, b], c] = inner.state;
        assert.deepEqual([a, [b, c]], outer.state);
      }),
    );
  });

  test('equal one of them if the other is neutral', () => {
    fc.assert(
      fc.property(size, some(ask), (books, commands) => {
        const alone = play(shelf(books), commands);
        const before = play(combine(neutral, shelf(books)), commands.map(right));
        const after = play(combine(shelf(books), neutral), commands.map(left));
        assert.deepEqual(
          before.events.map(({ val }) => val),
          alone.events,
        );
        assert.deepEqual(
          after.events.map(({ val }) => val),
          alone.events,
        );
        assert.deepEqual(
          [before.state, after.state],
          [
            [null, alone.state],
            [alone.state, null],
          ],
        );
      }),
    );
  });

  test('each reject their own commands', () => {
    assert.deepEqual(play(combine(shelf(1), lamp), [left({ put: 2 }), right('on')]).log, ['full', [right('lit')]]);
  });
});

/** The shelf with the types of a warehouse, which counts the books as a negative gap and has other messages too. */
type Order = { goods: Ask } | { sweep: true };
const warehouse: Adapter<number, Ask, Moved, { gap: number }, Order, string> = {
  command: (order) => ('goods' in order ? order.goods : undefined),
  event: {
    in: (event) => (event === 'swept' ? undefined : { moved: Number(event) }),
    out: ({ moved }) => String(moved),
  },
  state: { in: ({ gap }) => -gap, out: (books) => ({ gap: -books }) },
};
const harbour: Adapter<{ gap: number }, Order, string, readonly [number], Ask, { cargo: string }> = {
  command: (goods) => ({ goods }),
  event: { in: ({ cargo }) => cargo, out: (cargo) => ({ cargo }) },
  state: { in: ([gap]) => ({ gap }), out: ({ gap }) => [gap] },
};
const same = <T>(value: T): T => value;

describe('an adapted decider', () => {
  test('is unchanged if it is adapted with identities', () => {
    const identity: Adapter<number, Ask, Moved, number, Ask, Moved> = {
      command: same,
      event: { in: same, out: same },
      state: { in: same, out: same },
    };
    fc.assert(
      fc.property(size, some(ask), (books, commands) => {
        assert.deepEqual(play(adapt(shelf(books), identity), commands), play(shelf(books), commands));
      }),
    );
  });

  test('is the same if it is adapted twice, or once with the composed functions', () => {
    const both: Adapter<number, Ask, Moved, readonly [number], Ask, { cargo: string }> = {
      command: (outer) => warehouse.command(harbour.command(outer)!),
      event: {
        in: (outer) => warehouse.event.in(harbour.event.in(outer)!),
        out: (inner) => harbour.event.out(warehouse.event.out(inner)),
      },
      state: {
        in: (outer) => warehouse.state.in(harbour.state.in(outer)),
        out: (inner) => harbour.state.out(warehouse.state.out(inner)),
      },
    };
    fc.assert(
      fc.property(size, some(ask), (books, commands) => {
        const twice = adapt(adapt(shelf(books), warehouse), harbour);
        assert.deepEqual(play(twice, commands), play(adapt(shelf(books), both), commands));
      }),
    );
  });

  test('decides as the original decider does', () => {
    fc.assert(
      fc.property(size, some(ask), (books, commands) => {
        const adapted = play(
          adapt(shelf(books), warehouse),
          commands.map((goods) => ({ goods })),
        );
        const plain = play(shelf(books), commands);
        assert.deepEqual(adapted.events, plain.events.map(warehouse.event.out));
        assert.deepEqual(adapted.state, warehouse.state.out(plain.state));
      }),
    );
  });

  test('ignores commands and events of others', () => {
    const adapted = adapt(shelf(3), warehouse);
    assert.deepEqual(adapted.decide({ gap: 0 }, { sweep: true }), []);
    const state = { gap: -2 };
    assert.equal(adapted.evolve(state, 'swept'), state);
  });
});

describe('many deciders of one kind', () => {
  const addressed: fc.Arbitrary<Addressed<string, Ask>> = fc.record(
    { id: fc.constantFrom('history', 'poetry', 'travel'), message: ask },
    { noNullPrototype: true },
  );

  test('each decide as they do alone', () => {
    fc.assert(
      fc.property(size, some(addressed), (books, commands) => {
        const all = play(many<string, number, Ask, Moved>(shelf(books)), commands);
        for (const id of ['history', 'poetry', 'travel']) {
          const alone = play(
            shelf(books),
            commands.flatMap((command) => (command.id === id ? [command.message] : [])),
          );
          assert.deepEqual(
            all.events.flatMap((event) => (event.id === id ? [event.message] : [])),
            alone.events,
          );
          assert.equal(all.state.get(id) ?? 0, alone.state);
          assert.equal(all.state.has(id), alone.events.length > 0);
        }
      }),
    );
  });

  test('do not change the states of their arguments', () => {
    const shelves = many<string, number, Ask, Moved>(shelf(3));
    const before = shelves.initialState();
    const after = shelves.evolve(before, { id: 'poetry', message: { moved: 1 } });
    assert.deepEqual([before.size, after.get('poetry')], [0, 1]);
  });

  test('equal the combination of many and many if two kinds are combined', () => {
    const pair = forEither(ask, switched);
    const command = fc.record({ id: fc.constantFrom('a', 'b'), message: pair }, { noNullPrototype: true });
    fc.assert(
      fc.property(size, some(command), (books, commands) => {
        const inner = play(
          many<string, readonly [number, boolean], Either<Ask, 'on' | 'off'>, Either<Moved, 'lit' | 'darkened'>>(
            combine(shelf(books), lamp),
          ),
          commands,
        );
        const outer = play(
          combine(
            many<string, number, Ask, Moved>(shelf(books)),
            many<string, boolean, 'on' | 'off', 'lit' | 'darkened'>(lamp),
          ),
          commands.map(({ id, message }) =>
            message.tag === 'left' ? left({ id, message: message.val }) : right({ id, message: message.val }),
          ),
        );
        for (const id of ['a', 'b']) {
          const [books, on] = inner.state.get(id) ?? [0, false];
          assert.deepEqual([books, on], [outer.state[0].get(id) ?? 0, outer.state[1].get(id) ?? false]);
        }
        assert.equal(inner.events.length, outer.events.length);
      }),
    );
  });
});
