import assert from 'node:assert/strict';
import { BALANCES, type CheckProcessors, claimed, fence, fencedOff, NOW, OTHER, opened } from './fixtures.ts';

export function shares(check: CheckProcessors): void {
  check('a new subscription has free shares without a checkpoint', async ({ processors }) => {
    await opened(processors);
    const free = { subscription: BALANCES, checkpoint: undefined, holder: undefined, token: 0n, expiresAt: 0 };
    assert.deepEqual(await processors.listShares(BALANCES), [
      { ...free, share: 0 },
      { ...free, share: 1 },
    ]);
  });

  check('a member that claims a free share gets a new token', async ({ processors }) => {
    const share = await claimed(processors);
    assert.deepEqual([share.holder, share.token, share.expiresAt], ['me', 1n, NOW + 1_000]);
    assert.deepEqual((await processors.listShares(BALANCES))[0], share);
  });

  check('a share that another member holds cannot be claimed before its lease ends', async ({ processors }) => {
    const share = await claimed(processors);
    assert.equal(await processors.claimShare(share, 'you', NOW + 999, NOW + 5_000), undefined);
    const taken = await processors.claimShare(share, 'you', NOW + 1_000, NOW + 5_000);
    assert.deepEqual([taken?.holder, taken?.token], ['you', 2n]);
  });

  check('one of several members that claim a share simultaneously gets it', async ({ processors }) => {
    await opened(processors);
    const [free] = await processors.listShares(BALANCES);
    const claims = await Promise.all(
      ['me', 'you', 'they'].map((member) => processors.claimShare(free!, member, NOW, NOW + 1_000)),
    );
    assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
  });

  check('a renewed lease lasts longer, and the shares of others are not renewed', async ({ processors }) => {
    const share = await claimed(processors);
    assert.deepEqual(await processors.renewShares([share, { ...share, share: 1 }], NOW + 9_000), [share]);
    assert.equal(await processors.claimShare(share, 'you', NOW + 8_999, NOW + 20_000), undefined);
    assert.ok(await processors.claimShare(share, 'you', NOW + 9_000, NOW + 20_000));
    assert.deepEqual(await processors.renewShares([share], NOW + 30_000), []);
  });

  check('a released share is free, and its holder is fenced off', async ({ processors }) => {
    const share = await claimed(processors);
    await processors.releaseShares([share]);
    await fencedOff(processors.commit({ fences: [fence(share, 3n)] }));
    const next = await processors.claimShare(share, 'you', NOW, NOW + 1_000);
    assert.deepEqual([next?.holder, next?.token, next?.checkpoint], ['you', 2n, undefined]);
    await processors.releaseShares([share]);
    assert.equal((await processors.listShares(BALANCES))[0]?.holder, 'you');
  });

  check('members are listed in order until they leave or their announcement expires', async ({ processors }) => {
    const announce = (id: string, expiresAt: number, now = NOW) =>
      processors.announceMember({ id, subscriptions: [BALANCES], expiresAt }, now);
    const listed = async (now: number) => (await processors.listMembers(now)).map(({ id }) => id);
    await announce('b', NOW + 10);
    await announce('a', NOW + 5);
    assert.deepEqual(await listed(NOW), ['a', 'b']);
    assert.deepEqual(await listed(NOW + 5), ['b']);
    await announce('a', NOW + 20);
    assert.deepEqual(await listed(NOW + 5), ['a', 'b']);
    await processors.removeMember('b');
    assert.deepEqual(await listed(NOW), ['a']);
  });

  check('a member is listed with the subscriptions that it announced last', async ({ processors }) => {
    const member = { id: 'a', subscriptions: [BALANCES, OTHER], expiresAt: NOW + 10 };
    await processors.announceMember({ ...member, subscriptions: [] }, NOW);
    await processors.announceMember(member, NOW);
    assert.deepEqual(await processors.listMembers(NOW), [member]);
  });

  check('a member whose announcement has expired is removed', async ({ processors }) => {
    await processors.announceMember({ id: 'a', subscriptions: [], expiresAt: NOW + 10 }, NOW);
    await processors.announceMember({ id: 'b', subscriptions: [], expiresAt: NOW + 90 }, NOW + 10);
    assert.deepEqual(
      (await processors.listMembers(NOW)).map(({ id }) => id),
      ['b'],
    );
  });
}
