/** Tests that commits of another store are added unchanged. */
import assert from 'node:assert/strict';
import { CHAIN_START, commitHash, type RecordedCommit } from '../../../core/storage/chain.ts';
import { verifyChain } from '../../../core/storage/verify-chain.ts';
import { type CheckCommits, type ClosableCommitStore, commandIds, fill } from './commit-store.ts';
import { ANY, all, at, decision, envelope, failed, NO_STREAM, refused, some } from './fixtures.ts';

/** Makes a commit of one event that follows `previous`. */
function commitOf(stream: string, firstRevision: bigint, previous: Uint8Array, given = decision()): RecordedCommit {
  const events = some(1);
  const hash = commitHash(previous, { stream, firstRevision, recordedAt: 7n, decision: given, events });
  return { decision: { stream, decision: given, firstRevision, eventCount: 1, recordedAt: 7n, hash }, events };
}

async function assertDiverged(importing: Promise<void>): Promise<void> {
  assert.equal((await failed(importing, 'failure')).val.code, 'diverged');
}

export function importing(check: CheckCommits): void {
  /** Registers a test with the commits of another store. */
  const checkWith = (
    name: string,
    body: (store: ClosableCommitStore, commits: readonly RecordedCommit[], ids: string[]) => Promise<void>,
  ): void => {
    check(name, async (store, openOther) => {
      const source = await openOther();
      try {
        const ids = await fill(source);
        await body(store, await source.readLog(), ids);
      } finally {
        await source.close();
      }
    });
  };

  check('an import keeps decisions, revisions, times, hashes and the order of events', async (store, openOther) => {
    const source = await openOther();
    try {
      const ids = await fill(source);
      await store.importCommits(await source.readLog());
      assert.deepEqual(await store.readLog(), await source.readLog());
      for (const id of ids) assert.deepEqual(await store.findDecision(id), await source.findDecision(id));
      assert.deepEqual(await store.readStreams(), await source.readStreams());
      assert.deepEqual(await store.readCommits('s-1'), await source.readCommits('s-1'));
      const [read, original] = [await store.readAll(all()), await source.readAll(all())];
      assert.deepEqual(
        read.map(({ event, context: { stream, revision, id, recordedAt } }) => [
          event,
          stream,
          revision,
          id,
          recordedAt,
        ]),
        original.map(({ event, context }) => [event, context.stream, context.revision, context.id, context.recordedAt]),
      );
      for (const [index, { context }] of read.entries()) {
        assert.ok(index === 0 || context.position > read[index - 1]!.context.position);
      }
      assert.deepEqual(await verifyChain(store), { intact: true, streams: 3, commits: 30 });
    } finally {
      await source.close();
    }
  });

  checkWith('an import of existing commits changes nothing', async (store, commits) => {
    await store.importCommits(commits.slice(0, 20));
    await store.importCommits(commits);
    await store.importCommits(commits.slice(5, 9));
    await store.importCommits([]);
    assert.deepEqual(await store.readLog(), commits);
  });

  checkWith('two imports of the same commits add them once', async (store, commits) => {
    await Promise.all([store.importCommits(commits), store.importCommits(commits)]);
    assert.deepEqual(await store.readLog(), commits);
  });

  checkWith('a commit is refused if the one before it is missing', async (store, commits) => {
    await assertDiverged(store.importCommits(commits.filter((_, index) => index !== 3)));
    const taken = await store.readLog();
    assert.deepEqual(taken, commits.filter((_, index) => index !== 3).slice(0, taken.length));
    await store.importCommits(commits.filter(({ decision: { stream } }) => stream !== 's-0'));
    await store.importCommits(commits);
    assert.equal((await store.readLog()).length, 30);
  });

  checkWith('a commit is refused if its stream has another commit at its place', async (store, commits) => {
    await store.append('s-1', some(1), ANY, decision());
    await assertDiverged(store.importCommits(commits.filter(({ decision: { stream } }) => stream === 's-1')));
    assert.equal((await store.readLog()).length, 1);
  });

  checkWith('a commit is refused if another stream has its command', async (store, commits, ids) => {
    await store.append('other-1', some(1), ANY, decision({ commandId: ids[0]! }));
    await assertDiverged(store.importCommits(commits));
    assert.equal((await store.readLog()).length, 1);
  });

  checkWith('a commit is refused if it was changed', async (store, commits) => {
    const place = commits.findIndex(({ events }) => events.length > 1);
    const { decision: recorded, events } = commits[place]!;
    const changed: readonly RecordedCommit[] = [
      { decision: recorded, events: [envelope('Done', Uint8Array.of(99)), ...events.slice(1)] },
      { decision: recorded, events: events.toReversed() },
      { decision: { ...recorded, recordedAt: recorded.recordedAt + 1n }, events },
      { decision: { ...recorded, decision: { ...recorded.decision, actor: 'someone' } }, events },
      { decision: { ...recorded, stream: 's-9' }, events },
      { decision: { ...recorded, hash: new Uint8Array(32) }, events },
    ];
    await store.importCommits(commits.slice(0, place));
    for (const commit of changed) await assertDiverged(store.importCommits([commit]));
    assert.deepEqual(await store.readLog(), commits.slice(0, place));
    await store.importCommits([commits[place]!]);
  });

  check('a commit is refused if its hash is right and its revision is not the next one', async (store) => {
    await assertDiverged(store.importCommits([commitOf('s-1', 1n, CHAIN_START)]));
    const first = commitOf('s-1', 0n, CHAIN_START);
    await store.importCommits([first]);
    await assertDiverged(store.importCommits([commitOf('s-1', 0n, first.decision.hash)]));
    await assertDiverged(store.importCommits([commitOf('s-1', 2n, first.decision.hash)]));
    await store.importCommits([commitOf('s-1', 1n, first.decision.hash)]);
    assert.equal((await store.readAll(all())).length, 2);
  });

  checkWith('appends continue after imported commits', async (store, commits, ids) => {
    await store.importCommits(commits);
    const heads = await store.readStreams();
    const { revision, hash } = heads.find(({ stream }) => stream === 's-1')!;
    const known = decision({ commandId: ids[4]! });
    const { val } = await refused(store.append('new-1', some(1), ANY, known), 'duplicate');
    assert.deepEqual(val, commits[4]!.decision);
    await refused(store.append('s-1', some(1), NO_STREAM, decision()), 'conflict');
    const next = decision();
    const appended = await store.append('s-1', some(1), at(revision!), next);
    const { firstRevision, recordedAt } = appended;
    assert.equal(firstRevision, revision! + 1n);
    assert.deepEqual(
      appended.hash,
      commitHash(hash, { stream: 's-1', firstRevision, recordedAt, decision: next, events: some(1) }),
    );
    assert.equal((await store.readAll(all())).at(-1)?.context.position, appended.firstPosition);
  });

  checkWith('the caller may change its commits as soon as the call has returned', async (store, commits) => {
    const own = commits.map(({ decision: recorded, events }) => ({
      decision: { ...recorded, hash: new Uint8Array(recorded.hash) },
      events: events.map(({ type, schemaVersion, payload }) => ({
        type,
        schemaVersion,
        payload: new Uint8Array(payload),
      })),
    }));
    const imported = store.importCommits(own);
    for (const { decision: recorded, events } of own) {
      recorded.hash.fill(255);
      for (const { payload } of events) payload.fill(255);
    }
    await imported;
    assert.deepEqual(await store.readLog(), commits);
  });

  checkWith('a reader that waits for events gets imported ones', async (store, commits) => {
    const waiting = store.awaitEvents(undefined);
    await store.importCommits(commits);
    // A store that adds the commits one after another may end the wait with the first of them.
    const seen = await waiting;
    assert.ok((await store.readAll(all())).some(({ context: { position } }) => position === seen));
  });

  check('many commits are imported in one call', async (store, openOther) => {
    const source = await openOther();
    try {
      await Promise.all(
        Array.from({ length: 2_345 }, (_, index) => source.append(`s-${index % 7}`, some(1), ANY, decision())),
      );
      const pages = [await source.readLog()];
      while (pages.at(-1)!.length === 1_000) {
        pages.push(await source.readLog({ after: commandIds(pages.at(-1)!).at(-1) }));
      }
      await store.importCommits(pages.flat());
      assert.deepEqual(await verifyChain(store), { intact: true, streams: 7, commits: 2_345 });
    } finally {
      await source.close();
    }
  });

  checkWith('a list with an item that is not a commit is refused, and nothing is added', async (store, commits) => {
    const [first] = commits.filter(({ events }) => events.length > 0);
    const { decision: recorded, events } = first!;
    for (const [given, argument] of [
      ['x', 'commits'],
      [[undefined], 'commits[0].decision'],
      [[first, { events }], 'commits[1].decision'],
      [[{ decision: recorded }], 'commits[0].events'],
      [[{ decision: recorded, events: [envelope('')] }], 'commits[0].events[0].type'],
      [[{ decision: { ...recorded, stream: '' }, events }], 'commits[0].stream'],
      [[{ decision: { ...recorded, eventCount: 7 }, events }], 'commits[0].decision.eventCount'],
      [[{ decision: { ...recorded, firstRevision: undefined }, events }], 'commits[0].decision.firstRevision'],
      [[{ decision: { ...recorded, recordedAt: -1n }, events }], 'commits[0].decision.recordedAt'],
      [[{ decision: { ...recorded, hash: Uint8Array.of(1) }, events }], 'commits[0].decision.hash'],
      [
        [{ decision: { ...recorded, decision: { ...recorded.decision, commandId: 'x' } }, events }],
        'commits[0].decision.commandId',
      ],
    ] as const) {
      const problem = await failed(store.importCommits(given as never), 'invalid-argument');
      assert.equal(problem.val.argument, argument);
    }
    assert.deepEqual(await store.readLog(), []);
  });

  checkWith('a closed store imports nothing', async (store, commits) => {
    await store.close();
    await failed(store.importCommits(commits), 'closed');
  });
}
