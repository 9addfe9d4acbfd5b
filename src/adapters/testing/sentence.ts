/**
 * The common parts of given/when/then. The method `then` of a sentence is an expectation, not the method of a promise.
 * But a test runner awaits a returned sentence, as in `test('…', () => given(…).when(…).then(…))`, and then calls the
 * method like that of a promise.
 */

/**
 * A sentence after an expectation. Test runners require that a test function returns nothing or a promise, so the type
 * includes `void`.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: it is the return type of a test function.
export type Said<Sentence> = Sentence & void;

/** Records whether a sentence has an expectation yet, and handles a test runner that awaits the sentence. */
export class Saying<Sentence> {
  #said = false;

  /** Records an expectation that holds, and returns the sentence. */
  held(sentence: Sentence): Said<Sentence> {
    this.#said = true;
    return sentence as Said<Sentence>;
  }

  /**
   * Handles a test runner that awaits the sentence.
   * @param args the arguments of `then`. They are the two functions of a promise if the sentence is awaited.
   * @returns true if the sentence was awaited.
   */
  isAwaited(args: readonly unknown[]): boolean {
    const [resolve, reject] = args;
    if (typeof resolve !== 'function' || typeof reject !== 'function') return false;
    if (this.#said) resolve();
    else
      reject(new TypeError('the test has no expectation; end it with then(…), thenRejected(…) or another expectation'));
    return true;
  }
}
