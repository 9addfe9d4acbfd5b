/**
 * `defineProjector`: a read model. Each of its documents is folded from the events with its key.
 *
 * Source: wit/projector.wit.
 */
import type { Draft } from 'immer';
import type { Codec } from '../codec/codec.ts';
import { copyValue } from '../codec/copy.ts';
import type { EventContext } from '../messages.ts';
import type { ProjectorDescriptor } from '../projector.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { ReadModel } from '../worlds.ts';
import { recordAuthorFunctions } from './author-functions.ts';
import type { InitialState } from './decider.ts';
import { fold, type Recipe } from './draft.ts';
import type { CheckedEventSources, ReadEventDefinitions } from './event-sources.ts';
import type { DataOf, Message, MessageOf, Source } from './message.ts';
import { checkHandlers, commandTypeOf, entryOf } from './message-table.ts';
import { readerBasis } from './module-basis.ts';
import type { StandardSchema } from './schema.ts';
import { type CodeFingerprints, fingerprintsOf } from './state-fingerprint.ts';
import { stateFault } from './states.ts';

/** The type of {@link dropDocument}. */
export interface DropDocument {
  readonly 'decidable/drop': true;
}

/** The value that `project` returns to drop the document. The next event of the key starts from the initial state. */
export const dropDocument: DropDocument = Object.freeze({ 'decidable/drop': true });

function isDrop(value: unknown): value is DropDocument {
  return typeof value === 'object' && value !== null && 'decidable/drop' in value;
}

/**
 * Folds an event into its document: it changes the draft, returns the new document, or returns {@link dropDocument}.
 */
export type Project<State, Data> = (
  draft: Draft<State>,
  data: Data,
  context: EventContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that changes its draft returns nothing.
) => State | Draft<State> | DropDocument | void;

/** {@link Project} as a conditional type, for the same reason as `DeferredEvolve`. */
type DeferredProject<State, Data> = [State] extends [infer Known] ? Project<Known, Data> : never;

/** The parts of a read model. */
export interface ProjectorDefinition<State, Events> {
  /** The name of the read model. Its documents and its progress are stored under the name and the version. */
  readonly name: string;
  /** The version of the read model's code. A new version is built from the first event, with new documents. */
  readonly version: string;
  /** The schema of a document. */
  readonly state: StandardSchema<unknown, State>;
  /**
   * The events that the read model reads: definitions of the deciders that own them. The keys are the read model's own
   * names.
   */
  readonly events: Events;
  /**
   * The codec of the deciders that own the events.
   * @default msgpack
   */
  readonly codec?: Codec;
  /** Returns the key of the document that the event changes, or `undefined` if it changes no document. */
  readonly key: (event: NoInfer<MessageOf<Events>>) => string | undefined;
  /** The document before its first event. */
  readonly initialState: InitialState<State>;
  /** The functions that fold events into a document, by event. */
  readonly project: { readonly [Type in keyof Events]: DeferredProject<State, DataOf<Events[Type]>> };
}

/** The result of `defineProjector`: a module for a host, with the definitions of its events. */
export interface ProjectorModule<State, Events>
  extends ReadModel<State, never, MessageOf<Events>>,
    Required<CodeFingerprints> {
  readonly name: string;
  readonly version: string;
  readonly events: ReadEventDefinitions<Events>;
  readonly stateSchema: StandardSchema<unknown, State>;
}

const NAMES: OptionNames<ProjectorDefinition<never, never>> = {
  name: true,
  version: true,
  state: true,
  events: true,
  codec: true,
  key: true,
  initialState: true,
  project: true,
};

/**
 * Defines a read model.
 *
 * ```ts
 * const balances = defineProjector({
 *   name: 'balances',
 *   version: '1',
 *   state: z.object({ balance: z.bigint() }),
 *   events: { Deposited: account.events.Deposited },
 *   key: (event) => event.data.accountId,
 *   initialState: { balance: 0n },
 *   project: {
 *     Deposited: (draft, { amount }) => {
 *       draft.balance += amount;
 *     },
 *   },
 * });
 * ```
 *
 * @throws DefinitionError that names the invalid part.
 */
export function defineProjector<State, const Events extends Readonly<Record<string, Source>>>(
  definition: ProjectorDefinition<State, Events> & { readonly events: CheckedEventSources<Events> },
): ProjectorModule<State, Events> {
  const basis = readerBasis(definition, NAMES, 'defineProjector');
  const { name, codec, events, states: documents } = basis;
  checkHandlers(definition.project, events, 'event', `${name}.project`, 'all');
  const projections = new Map(Object.entries(definition.project)) as ReadonlyMap<string, Recipe>;
  const descriptor: ProjectorDescriptor = basis.descriptor;
  recordAuthorFunctions(descriptor, definition.project, definition.key);
  return {
    ...basis.fields,
    events: basis.eventDefinitions as ReadEventDefinitions<Events>,
    get codeFingerprints() {
      return { ...fingerprintsOf('project', definition.project), ...basis.codeFingerprints() };
    },
    types: {
      command: commandTypeOf<never>(new Map(), codec),
      event: basis.eventType as never,
      state: documents.type,
    },
    projector: {
      describe: () => descriptor,
      key: basis.key,
      initialState: () => documents.initial(),
      project: (state, event, context) => {
        const { type, data } = event as Message;
        const recipe = projections.get(entryOf(events, type, 'event').type)!; // `checkHandlers` requires one for each event.
        let isDropped = false;
        const drops = (): void => {
          isDropped = true;
        };
        try {
          const next = fold(state, dropping(recipe, drops), copyValue(data), context);
          return isDropped ? undefined : documents.keep(next);
        } catch (cause) {
          throw stateFault(cause, 'project-failed', `project.${type}`, type);
        }
      },
    },
  };
}

/** Keeps {@link dropDocument} from immer, so that a handler may change its draft and then drop the document. */
function dropping(recipe: Recipe, drops: () => void): Recipe {
  return (draft, data, extra) => {
    const result = recipe(draft, data, extra);
    if (!isDrop(result)) return result;
    drops();
    return undefined;
  };
}
