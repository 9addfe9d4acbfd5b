/** `parity` compares two modules on the recorded decisions of a store. */
import type { BoundModule } from '../loop/bound-module.ts';
import { checkOptionNames } from '../option-names.ts';
import { Turns } from '../storage/turns.ts';
import { type CommitSource, streamHeads } from '../storage/verify-chain.ts';
import { categoryOf } from '../stream-name.ts';
import type { OptionNames } from '../unknown-names.ts';
import { compared } from './answers.ts';
import { commitsOf, type Divergence, historyOf, Pair, shrunk } from './divergence.ts';

/** The extent of a comparison. */
export interface ParityProgress {
  /** The number of streams that are compared. */
  readonly streams: number;
  /** The number of recorded commands that both modules have answered. */
  readonly decisions: number;
}

/** The result of {@link parity}. */
export interface Parity extends ParityProgress {
  /** The first divergence. It is `undefined` if the modules answered every command alike. */
  readonly divergence: Divergence | undefined;
}

/** The options of {@link parity}. */
export interface ParityOptions {
  /** Called after each stream. */
  readonly onProgress?: ((progress: ParityProgress) => void) | undefined;
  /** Cancels the comparison, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<ParityOptions> = { onProgress: true, signal: true };

/**
 * Compares two modules before one replaces the other, such as a decider in TypeScript and its component. Both fold the
 * recorded histories and decide every recorded command of the current module. The events and rejections must be equal
 * byte for byte, and no module may fail. The first command that is answered differently is returned with the shortest
 * history that shows it.
 *
 * Nothing is written. The recorded results themselves are not compared. {@link verifyStore} compares them.
 *
 * ```ts
 * const candidate = await loadModule(await readFile('account.wasm'));
 * const { divergence, decisions } = await parity(account, candidate, store);
 * ```
 *
 * @throws StoreFailure if the store cannot be read.
 * @throws DefinitionError if an option is unknown, or a module is invalid.
 */
export async function parity(
  current: unknown,
  candidate: unknown,
  store: CommitSource,
  options: ParityOptions = {},
): Promise<Parity> {
  checkOptionNames(options, NAMES, 'parity');
  const modules: readonly [BoundModule, BoundModule] = [
    compared(current, 'parity.current'),
    compared(candidate, 'parity.candidate'),
  ];
  const [{ descriptor, name }] = modules;
  const turns = new Turns();
  let [streams, decisions] = [0, 0];
  for await (const { stream } of streamHeads(store)) {
    if (categoryOf(stream) !== descriptor.category) continue;
    const pair = new Pair(modules, stream);
    try {
      for await (const commit of commitsOf(store, stream)) {
        const { decision } = commit.decision;
        if (decision.module.name === name) {
          decisions++;
          if (pair.differ(decision)) {
            const history = await historyOf(store, stream, commit);
            return { streams, decisions, divergence: shrunk(modules, stream, decision, history) };
          }
        }
        pair.fold(commit);
        await turns.next();
        options.signal?.throwIfAborted();
      }
    } finally {
      pair.end();
    }
    streams++;
    options.onProgress?.({ streams, decisions });
  }
  return { streams, decisions, divergence: undefined };
}
