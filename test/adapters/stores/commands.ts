/** Decisions and events for the tests of the stores. */

import { decision } from '../../../src/adapters/testing/builders.ts';
import type { ReadAllOptions } from '../../../src/core/event-store.ts';
import type { Decision, Precondition } from '../../../src/core/messages.ts';

export { decision, envelope } from '../../../src/adapters/testing/builders.ts';

export const ANY: Precondition = { tag: 'any' };

export const FORWARD: ReadAllOptions = {
  direction: 'forward',
  categories: [],
  eventTypes: [],
  events: [],
};

export function rejected(): Decision {
  return decision({
    outcome: { tag: 'rejected', val: { code: 'no', message: 'not so', details: [['why', 'because']] } },
  });
}
