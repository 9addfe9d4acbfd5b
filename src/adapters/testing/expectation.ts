/** A failed expectation. Test runners read `expected` and `actual`, and people read the message. */
import { showLines } from './show.ts';

/** The parts of a sentence before its expectation, line by line: `given`, `when`. */
export type Story = readonly (readonly [label: string, lines: readonly string[]])[];

/** Thrown by each `then…` that does not hold. */
export class ExpectationError extends Error {
  override readonly name: string = 'ExpectationError';
  /** Test runners distinguish a failed expectation from a broken test by this code. */
  readonly code = 'ERR_ASSERTION';
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(story: Story, expected: readonly string[], actual: readonly string[], options?: ErrorOptions) {
    const lines = [...story, ['expected', expected] as const, ['but was', actual] as const];
    super(`\n${lines.map(([label, content]) => showLines(label, content)).join('\n')}\n`, options);
    this.expected = expected.join('\n');
    this.actual = actual.join('\n');
  }
}
