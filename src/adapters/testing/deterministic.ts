/**
 * The development mode: modules of a running program that throw if they are not pure functions of their arguments.
 */
import { differenceOf } from '../../core/codec/difference.ts';
import { authorFunctionsOf } from '../../core/define/author-functions.ts';
import { copyOfModel, inline, isInline, withoutInline } from '../../core/define/inline.ts';
import { type AnyModule, defineSystem, isRejection, type StateType, type System } from '../../core/index.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import { explainCall, NondeterminismError } from './ambient/forbidden-call.ts';
import { OuterVariables } from './ambient/outer-variables.ts';
import { type InOtherProcess, isolated } from './ambient/without-ambient.ts';
import { sameEnvelopes } from './message-types.ts';

type AnyFunction = (...args: never) => unknown;

/** A system, or a part of one. */
type AnyPart = AnySystemDefinition | AnyModule | { readonly types: AnyModule['types'] } | object;

/** Functions that consume a state, which is their first argument, and return the next one. */
const FOLDS: ReadonlySet<string> = new Set(['evolve', 'evolveRejected', 'project']);

/** The parts of modules whose functions are checked. */
const PARTS = ['decider', 'routing', 'eventHandler', 'projector'] as const;

/**
 * Returns a decider, a process manager, a document read model or a whole system that checks itself while a program
 * runs. Use it during development, and run the original in production, which then costs nothing.
 *
 * Each function of a module runs without the clock, randomness, timers, the network and the environment, as in
 * `testDecider`. It runs twice, and the results are compared. Variables outside of the functions must keep their
 * values. The first violation throws a {@link NondeterminismError}, which names the function and its line. A command
 * then fails with the trap `nondeterministic`, and nothing is stored. A processor follows its failure policy.
 *
 * Components are returned unchanged, because the component host already isolates them. Reactors may have effects. Table
 * read models are checked by `testTables`.
 *
 * @example
 * import { bank } from './bank.ts';
 * const running = await (isDevelopment ? deterministic(bank) : bank).start({ store });
 */
export function deterministic<Part extends AnyPart>(part: Part): Part {
  if ('deciders' in part) return checkedSystem(part as never) as Part;
  if (isInline(part)) return inline(deterministic(withoutInline(part)));
  const module = part as Partial<Record<string, unknown>>;
  if (module['component'] !== undefined || !PARTS.some((name) => name in part)) return part;
  return copyOfModel(part, checkedModule(module as never)) as Part;
}

function checkedSystem(system: System<never[], never[], never[], never[]>): object {
  const { name, deciders, processManagers, readModels, reactors } = system;
  return defineSystem({
    name,
    deciders: deciders.map((each) => deterministic<object>(each)) as never,
    processManagers: processManagers.map((each) => deterministic<object>(each)) as never,
    readModels: readModels.map((each) => deterministic<object>(each)) as never,
    reactors,
  });
}

function checkedModule(module: AnyModule & Record<string, unknown>): object {
  const { types, decideWithCommandId, canonicalCommand } = module;
  const part = PARTS.find((name) => name in module)!;
  const described = (module[part === 'decider' ? 'routing' : part] as { describe(): object }).describe();
  const check = new Check(types, new OuterVariables(authorFunctionsOf(described)));
  const all = (functions: object): object =>
    Object.fromEntries(
      Object.entries(functions).map(([name, run]) => [name, check.function(name, run as AnyFunction)]),
    );
  const changed = Object.fromEntries(
    PARTS.flatMap((name) => (name in module ? [[name, all(module[name] as object)]] : [])),
  );
  return {
    ...module,
    ...changed,
    types: {
      ...types,
      command: { ...types.command, fromEnvelope: check.once(types.command.fromEnvelope) },
      event: { ...types.event, fromEnvelope: check.once(types.event.fromEnvelope) },
    },
    ...(decideWithCommandId && { decideWithCommandId: check.function('decide', decideWithCommandId) }),
    ...(canonicalCommand && { canonicalCommand: check.once(canonicalCommand) }),
  };
}

/** A result, or an error. A rejection is a result. */
type Answer = { readonly value: unknown } | { readonly error: unknown };

class Check {
  readonly #types: AnyModule['types'];
  readonly #variables: OuterVariables;

  constructor(types: AnyModule['types'], variables: OuterVariables) {
    this.#types = types;
    this.#variables = variables;
  }

  /** Checks a function of a module by its name. */
  function(name: string, run: AnyFunction): AnyFunction {
    if (name === 'describe') return run;
    const twice = (...args: readonly unknown[]): unknown => {
      const state = this.#types.state as StateType<unknown>;
      const again = FOLDS.has(name) ? [state.fromBytes(state.toBytes(args[0])), ...args.slice(1)] : args;
      const [first, second] = this.#isolated(
        (inOtherProcess) =>
          [answerOf(run, args), inOtherProcess(() => answerOf(run, again))] as readonly [Answer, Answer],
        ([answer]) => isFailure(answer),
      );
      if (!this.#areSame(name, first, second)) {
        throw new NondeterminismError(
          `${name} ran twice with the same arguments and had different results; expected a function of its arguments; ` +
            'look for values that the module kept when it was loaded, such as process.env or a random number',
        );
      }
      return resultOf(first);
    };
    return twice as AnyFunction;
  }

  /** Checks a function that runs once, because it only decodes or checks a message. */
  once<Function extends AnyFunction>(run: Function): Function {
    const once = (...args: readonly unknown[]): unknown =>
      resultOf(this.#isolated(() => answerOf(run, args), isFailure));
    // It has the type of `run`, which TypeScript cannot infer from its rest parameter.
    return once as unknown as Function;
  }

  /**
   * Runs a function without the ambient world.
   * @throws NondeterminismError if the function used the ambient world, made a promise or changed a variable.
   */
  #isolated<Result>(run: (inOtherProcess: InOtherProcess) => Result, isFailed: (result: Result) => boolean): Result {
    const { result, changed } = this.#variables.watch(() => isolated(run, isFailed));
    const { outcome, violation } = result;
    if (violation !== undefined) throw new NondeterminismError(explainCall(violation), violation);
    if (changed !== undefined) {
      const { name, where } = changed;
      const variable = { call: name, kind: 'module state', where } as const;
      throw new NondeterminismError(explainCall(variable), variable);
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  #areSame(name: string, first: Answer, second: Answer): boolean {
    if ('error' in first || 'error' in second) {
      if (!('error' in first) || !('error' in second)) return false;
      const [one, other] = [first.error, second.error];
      if (!isRejection(one) || !isRejection(other)) return isRejection(one) === isRejection(other);
      return differenceOf(one.payload, other.payload) === undefined;
    }
    const { event, state } = this.#types;
    const [one, other] = [first.value, second.value];
    if (FOLDS.has(name) || name === 'initialState') {
      if (one === undefined || other === undefined) return one === other;
      return equalBytes(state.toBytes(one), state.toBytes(other));
    }
    if (name !== 'decide') return differenceOf(one, other) === undefined;
    const envelopes = (events: unknown) => (events as readonly unknown[]).map((each) => event.toEnvelope(each));
    return sameEnvelopes(envelopes(one), envelopes(other));
  }
}

function answerOf(run: AnyFunction, args: readonly unknown[]): Answer {
  try {
    return { value: run(...(args as never)) };
  } catch (error) {
    return { error };
  }
}

/** Returns whether the function failed. A function that returns a promise fails, with an error that says so. */
function isFailure(answer: Answer): boolean {
  return 'error' in answer && !isRejection(answer.error);
}

function resultOf(answer: Answer): unknown {
  if ('error' in answer) throw answer.error;
  return answer.value;
}
