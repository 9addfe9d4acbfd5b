import assert from 'node:assert/strict';
import { BALANCES, type CheckProcessors, claimed, commit, deadline, NOW } from './fixtures.ts';

export function deadlines(check: CheckProcessors): void {
  check('deadlines are listed in the order in which they fall due', async ({ processors }) => {
    const share = await claimed(processors);
    const [late, early] = [deadline(share, 'p-1', 'late', NOW + 9), deadline(share, 'p-2', 'early', NOW + 1)];
    await commit(processors, share, { setDeadlines: [late, early] });
    assert.deepEqual(await processors.listDeadlines(BALANCES), [early, late]);
    assert.deepEqual(await processors.listDeadlines(BALANCES, { dueBefore: NOW + 9 }), [early]);
    assert.deepEqual(await processors.listDeadlines(BALANCES, { limit: 1 }), [early]);
    assert.deepEqual(await processors.listDeadlines(BALANCES, { shares: [1] }), []);
  });

  check('deadlines are listed in pages', async ({ processors }) => {
    const share = await claimed(processors);
    const all = [
      deadline(share, 'p-1', 'a', NOW),
      deadline(share, 'p-1', 'b', NOW),
      deadline(share, 'p-1\u{1f600}', 'a', NOW),
      deadline(share, 'p-0', 'a', NOW + 1),
      deadline(share, 'p-1', 'c', NOW + 2),
    ];
    await commit(processors, share, { setDeadlines: all.toReversed() });
    for (const limit of [1, 2, 3]) {
      const listed = [];
      let after: (typeof all)[number] | undefined;
      do {
        const page = await processors.listDeadlines(BALANCES, { after, limit });
        assert.ok(page.length <= limit);
        listed.push(...page);
        after = page.at(-1);
      } while (after !== undefined);
      assert.deepEqual(listed, all);
    }
  });

  check('setting a deadline again moves it', async ({ processors }) => {
    let share = await claimed(processors);
    share = await commit(processors, share, { setDeadlines: [deadline(share, 'p-1', 'late', NOW)] });
    const moved = deadline(share, 'p-1', 'late', NOW + 50);
    await commit(processors, share, { setDeadlines: [moved] });
    assert.deepEqual(await processors.listDeadlines(BALANCES), [moved]);
  });

  check('a deadline is removed by its process and id', async ({ processors }) => {
    let share = await claimed(processors);
    const kept = deadline(share, 'p-2', 'late', NOW);
    share = await commit(processors, share, { setDeadlines: [deadline(share, 'p-1', 'late', NOW), kept] });
    await commit(processors, share, { removeDeadlines: [{ subscription: BALANCES, stream: 'p-1', id: 'late' }] });
    assert.deepEqual(await processors.listDeadlines(BALANCES), [kept]);
  });

  check('the end of a process removes its deadlines', async ({ processors }) => {
    let share = await claimed(processors);
    const kept = deadline(share, 'p-10', 'a', NOW);
    share = await commit(processors, share, {
      setDeadlines: [deadline(share, 'p-1', 'a', NOW), deadline(share, 'p-1', 'b', NOW), kept],
    });
    await commit(processors, share, { endProcesses: [{ subscription: BALANCES, stream: 'p-1' }] });
    assert.deepEqual(await processors.listDeadlines(BALANCES), [kept]);
  });
}
