import type { FlatType } from './layout.ts';
import type { ValueTypeNode } from './value-type.ts';

/** The result of `flatten_functype` for a function type, for the synchronous ABI. */
export interface Signature {
  readonly params: readonly ValueTypeNode[];
  /** The names of the parameters, for error texts. */
  readonly names: readonly string[];
  readonly result: ValueTypeNode | undefined;
  /** `flatten_types` of the parameters and of the result, before anything is spilled. Cut off as in `Layout`. */
  readonly flat: readonly FlatType[];
  readonly flatResult: readonly FlatType[];
  /** True if there are strings, lists or maps among the parameters. */
  readonly pointer: boolean;
  /**
   * The number of core parameters. It is 1 if they are spilled to memory. The out-pointer of a lowered function does not
   * count.
   */
  readonly flatParams: number;
  readonly spillsParams: boolean;
  readonly spillsResult: boolean;
  /**
   * True if there are at most four parameters, each is one core value, and none is spilled. A handle inside another value
   * is not simple.
   */
  readonly isSimple: boolean;
  readonly lendsHandles: boolean;
}
