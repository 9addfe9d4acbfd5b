/** Compiles the source of a component with the limits of its options. */
import { show } from '../abi/javascript-values.ts';
import { bytesOfComponent, isBytes, recompile } from '../compile.ts';
import { ArgumentError, type BufferSource, type Component, compile } from '../index.ts';
import { DEFAULT_MAX_MEMORY_BYTES, DEFAULT_MAX_TABLE_ELEMENTS } from './limits.ts';
import { type Bounds, checkBounds } from './metering/budget.ts';
import { rewrite } from './metering/rewrite.ts';
import type { GuestLimits } from './options.ts';

/**
 * Compiles a component, and rewrites its core modules for the limits. A component that this host has compiled for the
 * same limits is returned unchanged.
 *
 * @throws ArgumentError if `source` is neither bytes nor a compiled component, or a limit is invalid.
 */
export async function compileSource(
  source: BufferSource | Component,
  options: GuestLimits,
): Promise<{ component: Component; bounds: Bounds }> {
  // If this host has compiled the component, it was rewritten for these limits.
  const own: Partial<Bounds> = isCompiled(source) ? (source.instrumentation ?? {}) : {};
  const {
    budget = own.budget,
    maxMemoryBytes = own.maxMemoryBytes ?? DEFAULT_MAX_MEMORY_BYTES,
    maxTableElements = own.maxTableElements ?? DEFAULT_MAX_TABLE_ELEMENTS,
    grant = own.grant,
  } = options;
  const bounds = checkBounds({ budget, maxMemoryBytes, maxTableElements, grant });
  const instrument = (module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => rewrite(module, bounds);
  const how = { instrument, instrumentation: bounds };
  if (isCompiled(source)) return { component: hasLimits(own, bounds) ? source : await recompile(source, how), bounds };
  // The digest needs the bytes, and a response cannot be read twice.
  if (!isBytes(source)) {
    const way = 'arrayBuffer' in Object(source) ? '; pass the result of its method arrayBuffer' : '';
    throw new ArgumentError(
      'source',
      `expected the bytes of a component, or a compiled one, got ${show(source)}${way}`,
    );
  }
  return { component: await compile(bytesOfComponent(source), how), bounds };
}

/** Returns whether the limits `own`, for which a component was rewritten, equal the limits `bounds`. */
function hasLimits(own: Partial<Bounds>, bounds: Bounds): boolean {
  return (
    own.maxMemoryBytes === bounds.maxMemoryBytes &&
    own.maxTableElements === bounds.maxTableElements &&
    own.budget?.fuel === bounds.budget?.fuel &&
    own.budget?.callDepth === bounds.budget?.callDepth &&
    String(own.grant ?? []) === String(bounds.grant ?? [])
  );
}

/**
 * Returns whether the value is a compiled component. It tests the shape, because the class may be of another copy of
 * the package.
 */
function isCompiled(source: unknown): source is Component {
  return typeof source === 'object' && source !== null && 'plan' in source;
}
