/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable read-models`: lists, reads, rebuilds and drops read models. */
import { DefinitionError } from '../../../core/errors.ts';
import { type JsonValue, toJson } from '../../../core/json.ts';
import type { ProcessorStore, StoredDocument, SubscriptionId } from '../../../core/processors/processor-store.ts';
import {
  type AnyPart,
  type AnySystemDefinition,
  type AnyTables,
  isTables,
} from '../../../core/processors/system-parts.ts';
import { dropOldVersions, dropVersion } from '../../../core/processors/versions.ts';
import type { TablesReader } from '../../tables/index.ts';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { type DecodedPayload, stateByContentType } from '../messages.ts';
import { oneLine, type TableContent } from '../output.ts';
import { findSubscription, isSame, subscriptionsOf } from '../parts.ts';
import { showProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';
import { printTable } from './subscriptions.ts';

/** A read model whose documents can be read. */
type DocumentModel = Exclude<AnyPart, { readonly kind: 'tables' }>;

export async function listReadModels(session: Session): Promise<number> {
  const config = await session.optionalConfig();
  await using store = await session.openProcessorsToRead();
  const statuses = (await subscriptionsOf(store, config?.system)).filter(
    ({ kind }) => kind === 'documents' || kind === 'tables',
  );
  const { output } = session;
  if (output.isJson) await output.document(statuses);
  else await printTable(statuses, output);
  return DONE;
}

export interface GetOptions {
  readonly table?: string | undefined;
  readonly limit?: number | undefined;
}

/** The number of documents or rows that are read and printed together. */
const PAGE = 1_000;

/** Prints one document, all documents, or the rows of a table. */
export async function getContents(
  session: Session,
  name: string,
  key: string | undefined,
  { table, limit = Number.POSITIVE_INFINITY }: GetOptions,
): Promise<number> {
  const { system } = await session.config();
  const model = readModel(system, name);
  if (isTables(model) && key !== undefined) {
    throw new CommandLineError('usage', `${name} has tables, which have no keys; omit "${key}"`, { argument: 'key' });
  }
  if (!isTables(model) && table !== undefined) {
    throw new CommandLineError('usage', `${name} has documents instead of tables; omit --table`, {
      argument: '--table',
    });
  }
  const subscription = identityOf(model);
  const { version } = subscription;
  await using store = await session.openProcessorsToRead();
  const { processors } = store;
  if (!(await processors.listSubscriptions()).some((record) => isSame(record.subscription, subscription))) {
    throw new CommandLineError(
      'not-found',
      `${name} ${version} has not run on this store yet; start \`decidable run\` first`,
      { argument: 'name' },
    );
  }
  if (isTables(model)) return await printRows(session, model, processors, tableOf(model, table), limit);
  if (key !== undefined) {
    const stored = await processors.readDocument(subscription, key);
    if (stored === undefined)
      throw new CommandLineError(
        'not-found',
        `${name} has no document "${key}"; list the keys with \`decidable read-models get ${name}\``,
        { argument: 'key' },
      );
    await session.output.document(recordOf(model, stored).document);
    return DONE;
  }
  let after: string | undefined;
  for (let left = limit; left > 0 && !session.halt.signal.aborted; ) {
    const page = await processors.listDocuments(subscription, { after, limit: Math.min(left, PAGE) });
    await print(
      session,
      page.map((stored) => recordOf(model, stored)),
    );
    if (page.length < Math.min(left, PAGE)) break;
    left -= page.length;
    after = page.at(-1)?.key;
  }
  return DONE;
}

/** Returns the table to print: the named one, or the only one. */
function tableOf({ name, tables }: AnyTables, named: string | undefined): string {
  const [only, ...others] = tables;
  if (named === undefined && only !== undefined && others.length === 0) return only;
  if (named === undefined) {
    throw new CommandLineError('usage', `${name} has several tables; select one of ${tables.join(', ')} with --table`, {
      argument: '--table',
    });
  }
  if (tables.includes(named)) return named;
  throw new CommandLineError('not-found', `${name} has no table "${named}"; it has ${tables.join(', ')}`, {
    argument: '--table',
  });
}

async function printRows(
  { output, halt }: Session,
  model: AnyTables,
  processors: ProcessorStore,
  table: string,
  limit: number,
): Promise<number> {
  await using reader = model.reader(processors) as TablesReader<Readonly<Record<string, Row>>>;
  const query = reader.db.selectFrom(table).selectAll();
  const rows = Number.isFinite(limit) ? query.limit(limit) : query;
  let page: Row[] = [];
  const print = async (): Promise<void> => {
    if (output.isJson) await output.records(page);
    else await output.table(tableContent(page));
    page = [];
  };
  for await (const row of rows.stream(PAGE)) {
    if (halt.signal.aborted) return DONE;
    page.push(row);
    if (page.length === PAGE) await print();
  }
  if (page.length > 0) await print();
  return DONE;
}

type Row = Readonly<Record<string, unknown>>;

function tableContent(rows: readonly Row[]): TableContent {
  const head = Object.keys(rows[0] ?? {});
  const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
  return {
    head,
    numbers: head.filter((column) => rows.every((row) => row[column] === null || isNumber(row[column]))),
    rows: rows.map((row) => head.map((column) => cellOf(row[column]))),
  };
}

function cellOf(value: unknown): string {
  if (value === null) return '';
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

/** Builds a read model again. Readers get the old documents or rows until the new ones are complete. */
export async function rebuildReadModel(session: Session, name: string): Promise<number> {
  const { system } = await session.config();
  const model = readModel(system, name);
  await using started = await session.start(false, { process: false });
  using _signals = endOnSecondSignal(session.halt, () => {});
  using progress = showProgress(`rebuilding ${name}`);
  let events = 0;
  await started.running.rebuild(model, {
    onProgress: ({ events: count, position, head }) => {
      events = count;
      const percent = head === 0n ? 100n : (100n * position) / head;
      progress.show(`rebuilding ${name}: ${percent} %, position ${position} of ${head}, ${count} events`);
    },
    signal: session.halt.signal,
  });
  progress[Symbol.dispose]();
  const { output } = session;
  const { version } = identityOf(model);
  if (output.isJson) await output.document({ name, version, events });
  else await output.text(`rebuilt ${name} ${version} from ${events} events`);
  return DONE;
}

export interface DropOptions {
  readonly old?: boolean | undefined;
}

/** Drops one version of a read model, or all versions that the system has replaced. */
export async function dropReadModels(
  session: Session,
  version: string | undefined,
  { old = false }: DropOptions,
): Promise<number> {
  if (old === (version !== undefined)) {
    throw new CommandLineError(
      'usage',
      'expected a version, such as balances@1, or --old to drop all replaced versions',
      { argument: 'version' },
    );
  }
  const { system } = await session.config();
  const current = system.readModels.map(identityOf);
  await using store = await session.openProcessorsToChange();
  const { processors } = store;
  const dropped =
    version === undefined ? await dropOldVersions(processors, current) : [await dropOne(processors, version, current)];
  const { output } = session;
  if (output.isJson) await output.document(dropped);
  else await output.text(...(dropped.length === 0 ? ['nothing to drop'] : dropped.map(textOf)));
  return DONE;
}

async function dropOne(
  processors: ProcessorStore,
  text: string,
  current: readonly SubscriptionId[],
): Promise<SubscriptionId> {
  const subscription = await findSubscription(processors, text, 'version');
  try {
    await dropVersion(processors, subscription, current, 'read-models drop');
  } catch (cause) {
    // The version is active, or belongs to another kind of processor.
    if (!(cause instanceof DefinitionError)) throw cause;
    throw new CommandLineError('usage', cause.message, { argument: 'version', cause });
  }
  return subscription;
}

function textOf({ name, version }: SubscriptionId): string {
  return `dropped ${name}@${version}`;
}

async function print({ output }: Session, records: readonly DocumentRecord[]): Promise<void> {
  if (output.isJson) await output.records(records);
  else
    await output.text(...records.map(({ key, document }) => `${oneLine(key)}  ${oneLine(JSON.stringify(document))}`));
}

/** A document with its key. */
interface DocumentRecord {
  readonly key: string;
  readonly position: bigint;
  readonly document: JsonValue | DecodedPayload;
}

function recordOf(model: DocumentModel, { key, state, position }: StoredDocument): DocumentRecord {
  const { types, projector } = model;
  // A handle into a component has no readable content.
  if (types.state.drop === undefined) return { key, position, document: toJson(types.state.fromBytes(state)) };
  const { name, contentType } = projector.describe();
  const decoded = stateByContentType(name, state, contentType);
  return { key, position, document: decoded.data ?? decoded };
}

/** Returns the read model with this name. @throws CommandLineError `not-found` that names the read models. */
function readModel(system: AnySystemDefinition, name: string): AnyPart {
  const found = system.readModels.find((model) => nameOf(model) === name);
  if (found !== undefined) return found;
  const known = system.readModels.map(nameOf).join(', ');
  throw new CommandLineError('not-found', `the system has no read model "${name}"; it has ${known || 'none'}`, {
    argument: 'name',
  });
}

function nameOf(model: AnyPart): string {
  return identityOf(model).name;
}

function identityOf(model: AnyPart): SubscriptionId {
  const { name, version } = isTables(model) ? model : model.projector.describe();
  return { name, version };
}
