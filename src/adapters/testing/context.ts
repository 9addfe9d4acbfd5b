/** Makes contexts of events for tests. The same place in the history always has the same context. */
import type { EventContext } from '../../core/index.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import type { OptionNames } from '../../core/unknown-names.ts';

/** The fields of a context. A context that a store returned also has the event's index, and may be passed too. */
const NAMES: OptionNames<EventContext & { readonly index: number }> = {
  id: true,
  stream: true,
  revision: true,
  position: true,
  recordedAt: true,
  correlationId: true,
  causationId: true,
  index: true,
};

/** 2026-01-01T00:00:00Z, the time of the first event of each test. Each further event is one second later. */
const FIRST_RECORDED_AT = 1_767_225_600_000n;

/** Returns the context of the event at this index, from 0. */
export function contextAt(index: number): EventContext {
  return {
    id: `00000000-0000-5000-8000-${index.toString(16).padStart(12, '0')}`,
    stream: 'test-stream',
    revision: BigInt(index),
    position: BigInt(index),
    recordedAt: FIRST_RECORDED_AT + BigInt(index) * 1_000n,
    correlationId: '00000000-0000-5000-8000-c00000000000',
    causationId: '00000000-0000-5000-8000-c00000000000',
  };
}

/**
 * Checks the context that a test passes for an event.
 *
 * @param test the name of the test kit's function, for the error.
 * @throws DefinitionError if it is not an object, or has an unknown field.
 */
export function checkContext(test: string, context: Partial<EventContext>): void {
  checkOptionNames(context, NAMES, `${test}.when.context`);
}
