/** Core modules with limits, called in the same way as the component host calls its guests. */

import { Trap } from 'decidable/component';
import { engine } from '../../../../../src/adapters/component/engine/web-assembly.ts';
import { type Bounds, DEPTH, FUEL } from '../../../../../src/adapters/component/host/metering/budget.ts';
import { Counters } from '../../../../../src/adapters/component/host/metering/counters.ts';
import { rewrite } from '../../../../../src/adapters/component/host/metering/rewrite.ts';
import { assemble } from '../../assemble.ts';

export const PAGE = 65_536;

/** Bounds that no test reaches by accident. */
export const ROOMY: Bounds & Required<Pick<Bounds, 'budget'>> = {
  maxMemoryBytes: 256 * PAGE,
  maxTableElements: 1_000,
  budget: { fuel: 10_000_000, callDepth: 1_000 },
};

/** The binary of a core module, rewritten. */
export async function rewritten(module: string | Uint8Array, bounds: Bounds = ROOMY): Promise<Uint8Array<ArrayBuffer>> {
  return rewrite(new Uint8Array(typeof module === 'string' ? await assemble(module) : module), bounds);
}

export interface Rewritten {
  readonly exports: Record<string, unknown>;
  /** Calls an export with the whole budget, and throws the errors of the host. */
  call(name: string, ...args: unknown[]): unknown;
  /** The fuel that the last call used, and the depth that it did not restore. */
  fuel(): number;
  depth(): number;
}

/** Instantiates a core module that was rewritten. A start function runs immediately. */
export async function instance(
  module: string | Uint8Array,
  bounds: Bounds = ROOMY,
  imports: Record<string, Record<string, unknown>> = {},
): Promise<Rewritten> {
  const { exports } = new engine.Instance(new engine.Module(await rewritten(module, bounds)), imports);
  const counters = new Counters(bounds);
  const explained = <Result>(run: () => Result): Result => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof engine.RuntimeError)) throw error;
      throw counters.explain(new Trap(error.message, { cause: error }));
    }
  };
  const left = (name: string) => Number((exports[name] as { value: number | bigint }).value);
  explained(() => counters.add(exports));
  return {
    exports,
    call(name, ...args) {
      counters.fill();
      return explained(() => (exports[name] as (...args: unknown[]) => unknown)(...args));
    },
    fuel: () => (bounds.budget?.fuel ?? 0) - left(FUEL),
    depth: () => (bounds.budget?.callDepth ?? 0) - left(DEPTH),
  };
}
