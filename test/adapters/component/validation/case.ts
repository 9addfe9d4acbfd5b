/** One component and what the validator says of it. */
export interface ValidationCase {
  /** A sentence: what the rule asks for. */
  readonly name: string;
  readonly text: string;
  /** What the message says where the component is invalid. */
  readonly invalid?: string;
  /** The names that lead to the fault, where they matter. */
  readonly path?: readonly string[];
  /** The feature that the loader does not have. */
  readonly unsupported?: string;
}
