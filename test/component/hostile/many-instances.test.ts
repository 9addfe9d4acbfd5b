/** Components that instantiate each other twice ask for exponential work with a few bytes: it is bounded. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compile, instantiate, isLinkError } from '../../../src/adapters/component/index.ts';
import { assemble } from '../assemble.ts';

/** A component with 2 ** depth instances, each level of which instantiates the one before twice. */
function doubling(depth: number): string {
  const levels = Array.from({ length: depth }, (_, level) =>
    level === 0
      ? '(component $c0)'
      : `(component $c${level} (alias outer 1 $c${level - 1} (component $c))
           (instance (instantiate $c)) (instance (instantiate $c)))`,
  );
  return `(component ${levels.join('\n')} (instance (instantiate $c${depth - 1})))`;
}

it('a component of a thousand instances is instantiated', async () => {
  await instantiate(await compile(await assemble(doubling(10))));
});

it('a component of a thousand million instances is refused', { timeout: 60_000 }, async () => {
  const component = await compile(await assemble(doubling(30)));
  await assert.rejects(
    instantiate(component),
    (error) => isLinkError(error) && /too many instances/.test(error.message),
  );
});
