/** The error for a failed expectation. Test runners show `expected` and `actual`, and people read the message. */
import { showLines } from './show.ts';

/** The parts of a test before its expectation, line by line: `given`, `when`. */
export type Story = readonly (readonly [label: string, lines: readonly string[]])[];

/** The error that a `then…` throws if its expectation fails. */
export class ExpectationError extends Error {
  override readonly name: string = 'ExpectationError';
  /** The code by which test runners recognize a failed assertion. */
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
