import assert from 'node:assert/strict';
import type { ListDocumentsOptions } from '../../../core/processors/processor-store.ts';
import { BALANCES, bytes, type CheckProcessors, claimed, commit } from './fixtures.ts';

const put = (key: string, text: string | undefined, position = 1n) => ({
  subscription: BALANCES,
  key,
  state: text === undefined ? undefined : bytes(text),
  position,
});

export function documents(check: CheckProcessors): void {
  check('a document is stored, replaced and dropped', async ({ processors }) => {
    let share = await claimed(processors);
    share = await commit(processors, share, { documents: [put('a', '1', 3n), put('b', '2', 4n)] });
    assert.deepEqual(await processors.readDocument(BALANCES, 'a'), { key: 'a', state: bytes('1'), position: 3n });
    await commit(processors, share, { documents: [put('a', '3', 9n), put('b', undefined, 9n)] });
    assert.deepEqual(await processors.readDocument(BALANCES, 'a'), { key: 'a', state: bytes('3'), position: 9n });
    assert.equal(await processors.readDocument(BALANCES, 'b'), undefined);
  });

  check('stored bytes do not change if the caller changes the array', async ({ processors }) => {
    const share = await claimed(processors);
    const state = bytes('1');
    await commit(processors, share, { documents: [{ ...put('a', undefined), state }] });
    state.fill(0);
    assert.deepEqual((await processors.readDocument(BALANCES, 'a'))?.state, bytes('1'));
  });

  check('the changes of a large commit keep their order under each key', async ({ processors }) => {
    const share = await claimed(processors);
    const keys = Array.from({ length: 260 }, (_, index) => `${(index * 7) % 130}`);
    await commit(processors, share, {
      documents: keys.map((key, index) => put(key, index % 90 === 89 ? undefined : `${index}`, BigInt(index))),
    });
    const expected = new Map(keys.map((key, index) => [key, index % 90 === 89 ? undefined : index]));
    for (const [key, index] of expected) {
      const document = await processors.readDocument(BALANCES, key);
      if (index === undefined) assert.equal(document, undefined, key);
      else assert.deepEqual(document, { key, state: bytes(`${index}`), position: BigInt(index) });
    }
  });

  check('several documents are read together, without those that do not exist', async ({ processors }) => {
    const share = await claimed(processors);
    await commit(processors, share, { documents: ['a', 'b', 'c'].map((key) => put(key, key)) });
    const found = await processors.readDocuments(BALANCES, ['c', 'x', 'a']);
    assert.deepEqual(found.map(({ key }) => key).sort(), ['a', 'c']);
  });

  check(
    'documents are listed by ranges of keys, in the order of their UTF-8 bytes, in pages',
    async ({ processors }) => {
      const share = await claimed(processors);
      const keys = ['', 'Z', 'a', 'a\0', 'aa', 'b', 'é', '\uffee', '😀'];
      await commit(processors, share, { documents: [...keys].reverse().map((key) => put(key, key)) });
      const list = async (options: ListDocumentsOptions = {}) =>
        (await processors.listDocuments(BALANCES, options)).map(({ key }) => key);
      assert.deepEqual(await list(), keys);
      assert.deepEqual(await list({ from: 'a', to: 'b' }), ['a', 'a\0', 'aa']);
      assert.deepEqual(await list({ after: 'a', limit: 2 }), ['a\0', 'aa']);
      assert.deepEqual(await list({ from: 'é' }), ['é', '\uffee', '😀']);
    },
  );
}
