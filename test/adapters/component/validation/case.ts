/** A component and the expected result of its validation. */
export interface ValidationCase {
  /** The rule, as a sentence. */
  readonly name: string;
  readonly text: string;
  /** A part of the error text, if the component is invalid. */
  readonly invalid?: string;
  /** The path of names to the broken rule, if the test compares it. */
  readonly path?: readonly string[];
  /** The feature, if the loader does not support it. */
  readonly unsupported?: string;
}
