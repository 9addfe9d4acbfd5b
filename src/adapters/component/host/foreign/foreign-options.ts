/** The options of components that were built for another contract, and their checks. */
import { DefinitionError } from '../../../../core/errors.ts';
import { isText, mustBe } from '../../../../core/predicates.ts';
import type { Descriptor } from '../../../../core/routing.ts';
import { checkCategory } from '../../../../core/stream-name.ts';
import type { OptionNames } from '../../../../core/unknown-names.ts';
import { GuestFault } from '../failures.ts';
import { type GuestLimits, LIMIT_NAMES, type LoadModuleOptions } from '../options.ts';
import { SCHEMA_VERSION } from './kept-values.ts';

/** The category and the event types, which the contract does not declare, and the options of `loadModule`. */
export interface ForeignOptions
  extends GuestLimits,
    Pick<LoadModuleOptions, 'isolation' | 'imports' | 'wasi' | 'digest'> {
  /** The category of the module's streams. */
  readonly category: string;
  /** The types of all events that the component makes and folds. */
  readonly events: readonly string[];
  /**
   * The content type of the payloads of commands and events.
   *
   * @default 'application/octet-stream'
   */
  readonly contentType?: string | undefined;
  /**
   * The treatment of events of other types in the module's streams.
   *
   * @default 'fault'
   */
  readonly foreignEvents?: Descriptor['foreignEvents'] | undefined;
}

export const FOREIGN_NAMES: OptionNames<ForeignOptions> = {
  category: true,
  events: true,
  contentType: true,
  foreignEvents: true,
  isolation: true,
  imports: true,
  wasi: true,
  digest: true,
  ...LIMIT_NAMES,
};

/** The checked options that become part of the descriptor. */
export type ForeignDescriptor = Pick<Descriptor, 'category' | 'contentType' | 'foreignEvents' | 'events'>;

/** Checks the options. @throws DefinitionError that names the option. */
export function checkForeign(options: ForeignOptions, place: string): ForeignDescriptor {
  const { category, events, contentType = 'application/octet-stream', foreignEvents = 'fault' } = options;
  const problem = checkCategory(category);
  if (problem !== undefined) throw new DefinitionError(`${place}.category`, problem);
  checkTypes(events, `${place}.events`);
  checkName(contentType, `${place}.contentType`);
  return {
    category,
    contentType,
    foreignEvents,
    events: events.map((type) => ({ type, schemaVersion: SCHEMA_VERSION })),
  };
}

export function checkName(value: unknown, place: string): void {
  if (isText(value) && value !== '') return;
  throw new DefinitionError(place, mustBe('a non-empty string without lone surrogates', value));
}

function checkTypes(types: unknown, place: string): void {
  if (!Array.isArray(types)) throw new DefinitionError(place, mustBe('an array of event types', types));
  for (const [index, type] of types.entries()) checkName(type, `${place}[${index}]`);
}

export function fault(code: string, message: string): GuestFault {
  return new GuestFault({ code, message, details: [] });
}
