/**
 * The common parts of the sentences of given/when/then. `then` is a word of the sentence and not a promise's method, so a test
 * runner that awaits a returned sentence, `test('…', () => given(…).when(…).then(…))`, calls it by mistake.
 */

/**
 * A sentence after something was expected of it. Runners accept a test function that returns nothing, and `void` makes the
 * sentence count as nothing to TypeScript.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: it is the return type of a test function.
export type Said<Sentence> = Sentence & void;

/** Notes whether a sentence has expected something so far, and answers a runner that awaits it. */
export class Saying<Sentence> {
  #said = false;

  /** The value that each expectation that holds returns. */
  held(sentence: Sentence): Said<Sentence> {
    this.#said = true;
    return sentence as Said<Sentence>;
  }

  /**
   * Answers a runner that awaits the sentence.
   * @param args the arguments of `then`: the two functions of a promise, if it is awaited.
   * @returns whether it was awaited.
   */
  isAwaited(args: readonly unknown[]): boolean {
    const [resolve, reject] = args;
    if (typeof resolve !== 'function' || typeof reject !== 'function') return false;
    if (this.#said) resolve();
    else
      reject(
        new TypeError('the sentence expects nothing: end it with then(…), thenRejected(…) or another expectation'),
      );
    return true;
  }
}
