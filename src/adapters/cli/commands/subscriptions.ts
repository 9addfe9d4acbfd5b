/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable subscriptions`: prints the progress of each processor, its holders, and the reason if it has stopped. */
import type { OpenedStore } from '../../stores/address/open-store.ts';
import { DONE } from '../exit-codes.ts';
import { type Output, oneLine, type TableContent } from '../output.ts';
import { type NewPart, type SubscriptionStatus, statusJson, subscriptionsOf } from '../parts.ts';
import type { Session } from '../session.ts';

export interface SubscriptionsOptions {
  readonly shares?: boolean | undefined;
}

export async function subscriptions(session: Session, { shares }: SubscriptionsOptions): Promise<number> {
  const config = await session.optionalConfig();
  await using store = await session.openProcessorsToRead();
  const statuses = await subscriptionsOf(store, config?.system);
  const { output } = session;
  if (output.isJson) {
    await output.document(statuses.map((status) => ('shares' in status ? statusJson(status) : status)));
    await printHiding(store, output);
    return DONE;
  }
  await printTable(statuses, output);
  if (shares) {
    await output.text('');
    await output.table(sharesOf(statuses));
  }
  for (const status of statuses) {
    if (!('stopped' in status) || status.stopped === undefined) continue;
    const { code, message, position, at } = status.stopped;
    const place = position === undefined ? '' : ` at position ${position}`;
    const time = new Date(at).toISOString();
    await output.text(
      '',
      `${output.styled('red', `${status.name} has stopped${place}`)} at ${time}: ${oneLine(message)} (${code})`,
    );
  }
  await printHiding(store, output);
  return DONE;
}

/**
 * Warns of open transactions that hide later events from readers. Only a PostgreSQL store has them. With `--json`, the
 * warning is a line of JSON on standard error, because standard output has the subscriptions.
 */
async function printHiding(store: Pick<OpenedStore, 'hidingTransactions'>, output: Output): Promise<void> {
  for (const transaction of (await store.hidingTransactions?.()) ?? []) {
    const { processId, prepared, database, user, application, since, state } = transaction;
    const name =
      processId === undefined ? `the prepared transaction ${prepared}` : `the transaction of process ${processId}`;
    const details = [database, user, application, state].filter((detail) => detail !== undefined && detail !== '');
    const time = since === undefined ? '' : ` since ${new Date(since).toISOString()}`;
    const rest = `${time}: ${oneLine(details.join(', '))}; end it if it was forgotten`;
    if (output.isJson) {
      const warning = { code: 'hiding-transaction', message: `${name} hides later events${rest}`, ...transaction };
      process.stderr.write(`${JSON.stringify({ warning })}\n`);
    } else {
      await output.text('', `${output.styled('red', `${name} hides later events`)}${rest}`);
    }
  }
}

/** Prints a table of subscriptions. `read-models` uses it too. */
export async function printTable(statuses: readonly (SubscriptionStatus | NewPart)[], output: Output): Promise<void> {
  if (statuses.length === 0) {
    await output.text('no subscriptions');
    return;
  }
  const rows = statuses.map((status) => {
    const identity = [status.name, status.version, status.kind, status.state];
    if (!('shares' in status)) return [...identity, '', '', '', '', ''];
    const { checkpoint, lag, shares, holders, parked } = status;
    const held = shares.filter(({ holder }) => holder !== undefined && holders.includes(holder));
    return [
      ...identity,
      String(checkpoint ?? 0),
      String(lag),
      `${held.length} of ${shares.length}`,
      String(holders.length),
      String(parked),
    ];
  });
  const numbers = ['position', 'lag', 'processes', 'parked'];
  const head = ['name', 'version', 'kind', 'state', 'position', 'lag', 'shares held', 'processes', 'parked'];
  await output.table({ head, rows, numbers });
}

function sharesOf(statuses: readonly (SubscriptionStatus | NewPart)[]): TableContent {
  const rows = statuses.flatMap((status) => {
    if (!('shares' in status)) return [];
    const { name, version, shares, holders } = status;
    return shares.map(({ share, checkpoint, holder, expiresAt }) => [
      name,
      version,
      String(share),
      String(checkpoint ?? 0),
      holder !== undefined && holders.includes(holder) ? holder : '',
      holder !== undefined && holders.includes(holder) ? new Date(expiresAt).toISOString() : '',
    ]);
  });
  return {
    head: ['name', 'version', 'share', 'position', 'process', 'lease ends'],
    rows,
    numbers: ['share', 'position'],
  };
}
