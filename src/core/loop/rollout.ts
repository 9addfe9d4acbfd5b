/**
 * A rollout: one module that has two versions of a decider. The stream of a command selects the version that decides
 * it. A stream has a fixed point between 0 and 1, and belongs to the candidate if its point is below the share. So a
 * larger share only adds streams, and a smaller one only removes streams.
 *
 * Both versions append under the same guards, so the share may change while commands are in flight. A decision that was
 * made on an outdated state has a conflict and is repeated. Cached states and snapshots belong to one version.
 */
import { DefinitionError } from '../errors.ts';
import { checkOptionNames } from '../option-names.ts';
import { mustBe } from '../predicates.ts';
import type { EventDescriptor } from '../routing.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { AnyModule, BoundModule, Rollout } from './bound-module.ts';

/** The options of {@link rollout}. */
export interface RolloutOptions {
  /** The share of the streams that the candidate decides at first, from 0 to 1. `move` changes it. */
  readonly share: number;
}

const NAMES: OptionNames<RolloutOptions> = { share: true };

/**
 * Makes one module of two versions of a decider. The candidate decides the commands of some streams, which a stable
 * hash of their names selects. Use the result instead of the current module, in `createEventSourcer` or `defineSystem`.
 * Decision records name the version that decided.
 *
 * The share is stored in this process only. Processes that serve the same streams should have the same share. If they
 * differ for a while, no decision is lost or made twice, because both versions append under the guards of the store.
 *
 * @example
 * const account = rollout(accountV1, accountV2, { share: 0.05 });
 * const sourcer = createEventSourcer({ store, modules: [account] });
 * account.rollout.move(0.5); // later, or back to 0
 *
 * @param current the module that decides today. The result has its types, commands and events.
 * @param candidate a module with the same name, category and content type, and another version or digest. It
 *   accepts the same commands. Each version can read all events of the other, so that the share can move in both
 *   directions.
 * @throws DefinitionError if the share is not between 0 and 1, or a module is a rollout itself. `createEventSourcer`
 * and `defineSystem` throw it if the two modules do not fit.
 */
export function rollout<Current extends AnyModule>(
  current: Current,
  candidate: AnyModule,
  options: RolloutOptions,
): Current & { readonly rollout: Rollout } {
  checkOptionNames(options, NAMES, 'rollout');
  for (const [place, module] of [
    ['current', current],
    ['candidate', candidate],
  ] as const) {
    if (module?.rollout === undefined) continue;
    throw new DefinitionError(`rollout.${place}`, 'is a rollout itself; pass one of its two versions');
  }
  const { share } = options;
  return { ...current, rollout: new SharedStreams(candidate, share) };
}

class SharedStreams implements Rollout {
  readonly candidate: AnyModule;
  #share: number;

  constructor(candidate: AnyModule, share: number) {
    this.candidate = candidate;
    this.#share = checkedShare(share);
  }

  get share(): number {
    return this.#share;
  }

  move(share: number): void {
    this.#share = checkedShare(share);
  }

  takes(stream: string): boolean {
    return pointOf(stream) < this.#share;
  }
}

function checkedShare(share: number): number {
  if (typeof share === 'number' && share >= 0 && share <= 1) return share;
  throw new DefinitionError('rollout.share', mustBe('a number from 0 to 1', share));
}

/**
 * Returns the point of a stream in [0, 1). The point is the same in every process and version of this library.
 *
 * Sources: Fowler, Noll and Vo, FNV-1a (32 bits, over UTF-16 code units). Appleby, the finalizer of MurmurHash3, which
 * spreads names that differ only in their last characters.
 */
export function pointOf(stream: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < stream.length; index++) hash = Math.imul(hash ^ stream.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * Checks that the two versions can decide on the same streams.
 * @throws DefinitionError that names the first difference.
 */
export function checkRollout({ descriptor: current }: BoundModule, { descriptor: candidate }: BoundModule): void {
  if (current.version === candidate.version && isSameDigest(current.digest, candidate.digest)) {
    throw new DefinitionError(
      'rollout.candidate.version',
      `must differ from that of the current module, ${JSON.stringify(current.version)}, because decision records name ` +
        'the version that decided',
    );
  }
  for (const field of ['name', 'category', 'contentType', 'foreignEvents'] as const) {
    if (current[field] !== candidate[field]) {
      throw new DefinitionError(
        `rollout.candidate.${field}`,
        `must be that of the current module, ${JSON.stringify(current[field])}, not ${JSON.stringify(candidate[field])}`,
      );
    }
  }
  for (const { type } of current.commands) {
    if (candidate.commands.some((command) => command.type === type)) continue;
    throw new DefinitionError(
      'rollout.candidate.commands',
      `has no command ${type}, which the current module accepts; add it to the candidate`,
    );
  }
  checkReads(candidate.events, current.events, 'candidate', 'current');
  checkReads(current.events, candidate.events, 'current', 'candidate');
}

function isSameDigest(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : equalBytes(one, other);
}

function checkReads(
  read: readonly EventDescriptor[],
  made: readonly EventDescriptor[],
  reader: string,
  maker: string,
): void {
  for (const { type, schemaVersion } of made) {
    const known = read.find((event) => event.type === type);
    if (known !== undefined && known.schemaVersion >= schemaVersion) continue;
    throw new DefinitionError(
      `rollout.${reader}.events.${type}`,
      `is missing or older than version ${schemaVersion}, which the ${maker} module makes; first add the event to the ` +
        `${reader} module, so that the share can move in both directions`,
    );
  }
}
