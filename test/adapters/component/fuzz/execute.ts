/** Runs a valid component with stubs for its imports. Every exported function is called. */

import {
  compile,
  type FunctionType,
  instantiateSync,
  isComponentError,
  isInvalidError,
  isLinkError,
  isMalformedError,
  isTrap,
  isUnsupportedError,
  type NamedExtern,
} from 'decidable/component';
import { toCamelCase, toPascalCase } from '../../../../src/adapters/component/camel-case.ts';
import type { Bounds } from '../../../../src/adapters/component/host/metering/budget.ts';
import { Counters } from '../../../../src/adapters/component/host/metering/counters.ts';
import { rewrite } from '../../../../src/adapters/component/host/metering/rewrite.ts';
import type { Random } from './random.ts';
import { NoValue, Values } from './values.ts';

/** The bounds of a call, so that it ends in a few milliseconds. */
const BOUNDS: Bounds = { maxMemoryBytes: 1 << 20, maxTableElements: 10_000, budget: { fuel: 20_000, callDepth: 100 } };

/** The maximum number of calls of one instance. If a component has more exports, some are not called. */
const MAX_CALLS = 12;

/** The end of a run. `message` is the text of the first error that was not an error value of a function. */
export type Ending = 'ran' | 'trapped' | 'refused' | 'unlinked';

export interface Execution {
  readonly ending: Ending;
  readonly message: string;
}

/** @throws every error that is not typed. */
export async function execute(bytes: Uint8Array, pick: Random): Promise<Execution> {
  const resources = pick(2) === 0 ? ('objects' as const) : ('handles' as const);
  const counters = new Counters(BOUNDS);
  const values = new Values(pick);
  let message = '';
  let ending: Ending = 'refused';
  try {
    const component = await compile(bytes, { instrument: (module) => rewrite(module, BOUNDS) });
    ending = 'unlinked';
    const { maxMemoryBytes } = BOUNDS;
    const { exports } = instantiateSync(component, values.imports(component.imports), {
      resources,
      maxMemoryBytes,
      maxHandles: 100,
      onCoreInstance: counters.add,
    });
    ending = 'ran';
    const calls = callsOf(component.exports, exports, resources);
    for (let left = Math.min(MAX_CALLS, calls.length * 3); left > 0; left--) {
      const failure = await called(calls[pick(calls.length)]!, values, counters);
      if (failure === undefined) continue;
      message ||= failure;
      ending = 'trapped';
    }
    for (const held of values.held()) await dropped(held);
  } catch (error) {
    message = assertTyped(counters.explain(error));
  }
  return { ending, message };
}

interface Call {
  readonly name: string;
  readonly type: FunctionType;
  readonly call: (...args: unknown[]) => unknown;
}

type Exports = Record<string, unknown>;

/** Returns the functions that a component exports to JavaScript. */
function callsOf(externs: readonly NamedExtern[], exports: Exports, resources: 'objects' | 'handles'): Call[] {
  return externs.flatMap(({ name, type }): Call[] => {
    if (type.kind === 'instance') {
      const inner = exports[name] ?? exports[toCamelCase(name)];
      return isObject(inner) ? callsOf(type.exports, inner as Exports, resources) : [];
    }
    if (type.kind !== 'func') return [];
    const call = functionOf(name, exports, resources);
    return call === undefined ? [] : [{ name, type, call }];
  });
}

function functionOf(name: string, exports: Exports, resources: 'objects' | 'handles'): Call['call'] | undefined {
  const parsed = /^\[(?:async )?(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(name);
  if (parsed === null) return asFunction(exports[toCamelCase(name)]);
  const [, form, resource = '', member = ''] = parsed;
  const holder = exports[resources === 'objects' ? toPascalCase(resource) : toCamelCase(resource)];
  if (!isObject(holder)) return undefined;
  const members = holder as Exports;
  if (form === 'constructor') {
    if (resources === 'handles') return asFunction(members.create);
    return (...args) => Reflect.construct(holder as new () => object, args);
  }
  if (resources === 'handles' || form === 'static') return asFunction(members[toCamelCase(member)]);
  const method = asFunction((members.prototype as Exports | undefined)?.[toCamelCase(member)]);
  return method && ((self, ...args) => Reflect.apply(method, self, args));
}

function asFunction(value: unknown): Call['call'] | undefined {
  return typeof value === 'function' ? (value as Call['call']) : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Returns the text of the error, or undefined if the call returned a value or threw the error of its type. */
async function called({ type, call }: Call, values: Values, counters: Counters): Promise<string | undefined> {
  let args: unknown[];
  try {
    args = type.params.map((param) => values.of(param.type));
  } catch (error) {
    if (error instanceof NoValue) return undefined;
    throw error;
  }
  counters.fill();
  try {
    const given = await call(...args);
    const { result } = type;
    values.keep(result?.kind === 'result' ? result.ok : result, given);
    return undefined;
  } catch (thrown) {
    const error = counters.explain(thrown);
    if (isComponentError(error) || error instanceof NoValue) return undefined;
    return assertTyped(error);
  }
}

async function dropped(held: unknown): Promise<void> {
  try {
    if (isObject(held)) (held as Partial<Disposable>)[Symbol.dispose]?.();
  } catch (error) {
    assertTyped(error);
  }
}

/** Returns the text of an error that a component may end with. @throws every other error. */
function assertTyped(error: unknown): string {
  const isTyped = [isMalformedError, isInvalidError, isLinkError, isTrap, isUnsupportedError, isComponentError];
  if (error instanceof NoValue) return '';
  if (isTyped.some((is) => is(error))) return (error as Error).message;
  throw error;
}
