/** The events that a store in a component returns for a read of a stream. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer, isStoreFailure, type RecordedEvent } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { account, Deposit, OpenAccount } from '../../../../examples/bank/account.ts';
import { checkedStreamPage } from '../../../../src/adapters/component/host/stream-page.ts';

const STREAM = 'account-1';
const store = createMemoryStore();
await using sourcer = createEventSourcer({ store, modules: [account] });
await sourcer.dispatch(OpenAccount({ accountId: '1', owner: 'Ada' }));
for (let amount = 1; amount < 5; amount++) await sourcer.dispatch(Deposit({ accountId: '1', amount }));

const FORWARD = { direction: 'forward' } as const;
const BACKWARD = { direction: 'backward' } as const;
const read = async (options: Parameters<typeof store.readStream>[1]) => await store.readStream(STREAM, options);

type Page = readonly RecordedEvent[];
const change = (event: RecordedEvent, context: object): RecordedEvent => ({
  ...event,
  context: { ...event.context, ...context },
});

describe('a page of a stream', () => {
  test('is returned as it is if it has consecutive revisions from the requested one', async () => {
    for (const options of [
      FORWARD,
      BACKWARD,
      { ...FORWARD, fromRevision: 2n, limit: 2 },
      { ...BACKWARD, fromRevision: 3n, limit: 2 },
      { ...BACKWARD, fromRevision: 100n },
      { ...FORWARD, fromRevision: 100n },
    ] as const) {
      const page = await read(options);
      assert.equal(checkedStreamPage(STREAM, options, page), page);
    }
  });

  const lies: Readonly<Record<string, (page: Page) => Page>> = {
    'has a gap': (page) => page.filter((_, index) => index !== 2),
    'has a duplicate': (page) => [...page, page.at(-1)!],
    'has a duplicate instead of another event': (page) => page.with(2, page[1]!),
    'has another order': (page) => page.toReversed(),
    'has an event of another stream': (page) => page.with(3, change(page[3]!, { stream: 'account-2' })),
    'has another first revision': (page) => page.map((each) => change(each, { revision: each.context.revision + 9n })),
  };
  for (const [title, lie] of Object.entries(lies)) {
    test(`is refused if it ${title}`, async () => {
      for (const options of [FORWARD, { ...BACKWARD, fromRevision: 4n }] as const) {
        const page = lie(await read(options));
        assert.throws(
          () => checkedStreamPage(STREAM, options, page),
          (error) => isStoreFailure(error, 'failure') && error.payload.val.code === 'corrupt',
        );
      }
    });
  }

  test('is refused if it has more events than the limit', async () => {
    const page = await read(FORWARD);
    assert.throws(
      () => checkedStreamPage(STREAM, { ...FORWARD, limit: 2 }, page),
      (error) => isStoreFailure(error),
    );
  });
});
