/**
 * Opens, activates and drops versions of processors.
 *
 * A read model can have several versions in a store. Each version has separate rows, and readers read the rows of the
 * active version. A processor with effects has one version. A new version continues after the last event of the
 * previous one, so that no effect is repeated.
 */
import { DefinitionError } from '../errors.ts';
import { UnsupportedByStore } from './capabilities.ts';
import { changesBetween, DefinitionChanged } from './definition-text.ts';
import type { Processor } from './processor.ts';
import type { ProcessorStore, StopReason, SubscriptionId, SubscriptionRecord } from './processor-store.ts';
import { lowestCheckpoint } from './share-progress.ts';

/** Returns whether a processor of this kind only writes rows of its own version. */
export function isReadModel(kind: SubscriptionRecord['kind']): boolean {
  return kind === 'documents' || kind === 'tables';
}

/**
 * Opens the subscription of a processor, to run it.
 * @param acceptsChanges true if the definition may have changed without a new version. The present definition is then
 *   stored.
 * @throws DefinitionChanged if the definition has changed without a new version.
 * @throws DefinitionError if the store cannot keep its tables.
 */
export async function openVersion(
  processors: ProcessorStore,
  processor: Processor,
  shares: number,
  acceptsChanges: boolean,
): Promise<SubscriptionRecord> {
  const { subscription, kind, definition, tables } = processor;
  checkTables(processors, processor);
  const continues = !isReadModel(kind);
  const record = await processors.openSubscription({ subscription, kind, definition, shares, tables, continues });
  checkDefinition(record, processor, acceptsChanges);
  if (record.definition !== definition) await processors.redefine(subscription, definition);
  // The processor starts again now, so waiting callers must not get the earlier failure.
  if (record.stopped !== undefined) await processors.setStopped(subscription, undefined);
  return record;
}

/**
 * Opens the subscription of a processor for a process that does not run it. Such a process does not replace another
 * version, and its code makes no rows.
 */
export async function openWithoutRunning(
  processors: ProcessorStore,
  processor: Processor,
  shares: number,
): Promise<SubscriptionRecord | undefined> {
  const { subscription, kind, definition, tables } = processor;
  checkTables(processors, processor);
  return isReadModel(kind)
    ? processors.openSubscription({ subscription, kind, definition, shares, tables })
    : recordOf(processors, subscription);
}

/**
 * Checks a processor before any subscription of its system is opened.
 * @throws DefinitionChanged if the definition has changed under the same version.
 */
export function checkVersion(
  records: readonly SubscriptionRecord[],
  processor: Processor,
  acceptsChanges: boolean,
): void {
  const record = records.find(({ subscription }) => isSame(subscription, processor.subscription));
  if (record !== undefined) checkDefinition(record, processor, acceptsChanges);
}

function checkDefinition(
  record: SubscriptionRecord,
  { subscription, kind, definition }: Processor,
  acceptsChanges: boolean,
): void {
  if (record.kind !== kind) throw new DefinitionChanged(subscription, ['kind']);
  const changes = changesBetween(record.definition, definition);
  if (changes.length > 0 && !acceptsChanges) throw new DefinitionChanged(subscription, changes);
}

function checkTables({ capabilities }: ProcessorStore, { subscription, kind }: Processor): void {
  if (kind === 'tables' && !capabilities.tables) throw new UnsupportedByStore(subscription.name, 'tables');
}

/** Activates versions of read models that have caught up with the active one. */
export async function activateCaughtUp(
  processors: ProcessorStore,
  runners: readonly { readonly processor: Processor }[],
): Promise<void> {
  const records = await processors.listSubscriptions();
  for (const { processor } of runners) {
    const { name, version } = processor.subscription;
    const versions = records.filter(({ subscription }) => subscription.name === name);
    const record = versions.find(({ subscription }) => subscription.version === version);
    if (record === undefined || record.active) continue;
    const active = versions.find(({ active }) => active);
    const activeCheckpoint =
      active === undefined ? undefined : lowestCheckpoint(await processors.listShares(active.subscription));
    const checkpoint = lowestCheckpoint(await processors.listShares(record.subscription));
    if (activeCheckpoint === undefined || (checkpoint !== undefined && checkpoint >= activeCheckpoint))
      await processors.activate(record.subscription);
  }
}

/**
 * Drops the versions of read models that the `current` ones have replaced, and returns them. If a version is not active
 * yet, its predecessor is kept.
 */
export async function dropOldVersions(
  processors: ProcessorStore,
  current: readonly SubscriptionId[],
): Promise<readonly SubscriptionId[]> {
  const dropped: SubscriptionId[] = [];
  const records = await processors.listSubscriptions();
  for (const { name, version } of current) {
    const versions = records.filter(({ subscription, kind }) => subscription.name === name && isReadModel(kind));
    if (!versions.some(({ subscription, active }) => subscription.version === version && active)) continue;
    for (const { subscription } of versions) {
      if (subscription.version === version) continue;
      await processors.dropSubscription(subscription);
      dropped.push(subscription);
    }
  }
  return dropped;
}

/**
 * Drops a version of a read model with all its rows.
 * @param current the read models of the system. The active version of any other read model may be dropped.
 * @throws DefinitionError if the version does not exist, is not of a read model, or is the active one of a current read
 * model.
 */
export async function dropVersion(
  processors: ProcessorStore,
  { name, version }: SubscriptionId,
  current: readonly SubscriptionId[],
  place: string,
): Promise<void> {
  const records = await processors.listSubscriptions();
  const record = records.find(({ subscription }) => subscription.name === name && subscription.version === version);
  if (record === undefined || !isReadModel(record.kind)) {
    const known = records.filter(({ kind }) => isReadModel(kind)).map(({ subscription }) => textOf(subscription));
    throw new DefinitionError(
      place,
      `there is no version ${version} of a read model ${name}; the store has ${known.join(', ') || 'none'}`,
    );
  }
  if (record.active && current.some((model) => model.name === name)) {
    throw new DefinitionError(
      place,
      `${textOf(record.subscription)} is the active version, which readers use; start a newer version first`,
    );
  }
  await processors.dropSubscription(record.subscription);
}

function textOf({ name, version }: SubscriptionId): string {
  return `${name} ${version}`;
}

export async function recordOf(
  processors: ProcessorStore,
  wanted: SubscriptionId,
): Promise<SubscriptionRecord | undefined> {
  const records = await processors.listSubscriptions();
  return records.find(({ subscription }) => isSame(subscription, wanted));
}

function isSame(one: SubscriptionId, other: SubscriptionId): boolean {
  return one.name === other.name && one.version === other.version;
}

/**
 * Returns the reason why a member must no longer run a processor, or `undefined` if it may continue.
 * @param acceptsChanges true if the stored definition may differ.
 */
export async function endReason(
  processors: ProcessorStore,
  { subscription, definition }: Processor,
  acceptsChanges: boolean,
  at: number,
): Promise<StopReason | undefined> {
  const { name, version } = subscription;
  const records = await processors.listSubscriptions();
  const record = records.find((one) => isSame(one.subscription, subscription));
  if (record !== undefined) {
    const changes = acceptsChanges ? [] : changesBetween(record.definition, definition);
    if (changes.length === 0) return undefined;
    const message = `another process has rebuilt ${name} ${version} with a different definition: ${changes.join(', ')}`;
    return { code: 'superseded', message, position: undefined, at };
  }
  const successor = records.find((one) => one.subscription.name === name)?.subscription;
  return successor === undefined
    ? { code: 'dropped', message: `${name} ${version} was dropped`, position: undefined, at }
    : {
        code: 'superseded',
        message: `version ${successor.version} has replaced version ${version}`,
        position: undefined,
        at,
      };
}
