/** `decidable run`: runs all processors of the system until Ctrl-C, and prints their progress. */
import { toJson } from '../../../core/json.ts';
import { isUnavailable } from '../../../core/processors/failure-policy.ts';
import type { Processor } from '../../../core/processors/processor.ts';
import type { ParkedEvent, StopReason } from '../../../core/processors/processor-store.ts';
import type { ProcessorStatus } from '../../../core/processors/status.ts';
import { DONE, FAILED, INTERRUPTED, PARKED } from '../exit-codes.ts';
import { type Output, oneLine } from '../output.ts';
import { reasonJson, statusJson } from '../parts.ts';
import type { AnyRunningSystem, Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';

export interface RunOptions {
  /** Seconds between two status lines. */
  readonly every: number;
  readonly once?: boolean | undefined;
  readonly acceptChanges?: readonly string[] | undefined;
  readonly checkDeterminism?: boolean | undefined;
}

export async function run(session: Session, { every, once, ...options }: RunOptions): Promise<number> {
  const { system, start } = await session.config();
  const report = new Report(session.output);
  // The hooks of the configuration are also called.
  const observer = {
    ...start?.observer,
    parked: (processor: Processor, event: ParkedEvent): void => {
      report.parked(processor, event);
      start?.observer?.parked?.(processor, event);
    },
    unavailable: (processor: Processor, reason: StopReason): void => {
      report.unavailable(processor, reason);
      start?.observer?.unavailable?.(processor, reason);
    },
    stopped: (processor: Processor, reason: StopReason): void => {
      report.stopped(processor, reason);
      start?.observer?.stopped?.(processor, reason);
    },
  };
  const acceptChanges = [...(start?.acceptChanges ?? []), ...(options.acceptChanges ?? [])];
  using _signals = endOnSecondSignal(session.halt, () => void report.stopping());
  const { checkDeterminism } = options;
  await using started = await session.start(true, { observer, acceptChanges, checkDeterminism });
  const { running } = started;
  await report.started(system.name, await running.status(), once === true);
  if (once) {
    await running.settled(session.halt.signal).catch((error: unknown) => {
      if (!session.halt.signal.aborted) throw error;
    });
  } else {
    await reportUntil(session.halt.signal, every, running, report);
  }
  await running.stop();
  const statuses = await running.status();
  await report.ended(statuses);
  if (statuses.some(({ stopped }) => stopped !== undefined)) return FAILED;
  if (!once) return DONE;
  if (session.halt.signal.aborted) return INTERRUPTED;
  return statuses.some(({ parked }) => parked > 0) ? PARKED : DONE;
}

/** Prints changes of the status, at most once in each interval. */
async function reportUntil(
  signal: AbortSignal,
  seconds: number,
  running: AnyRunningSystem,
  report: Report,
): Promise<void> {
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 1_000);
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
    if (signal.aborted) return;
    try {
      await report.status(await running.status());
    } catch (error) {
      // The processors report that the store is unavailable, and wait until it responds.
      if (!isUnavailable(error)) throw error;
    }
  }
}

/** Finds changes of the status since the last call. A renewed lease is not a change. */
class Changes {
  readonly #known = new Map<string, string>();

  /** Returns the changed processors, each with its changed shares. */
  of(statuses: readonly ProcessorStatus[]): readonly ProcessorStatus[] {
    return statuses.flatMap((status) => {
      const { name, version, shares, ...progress } = status;
      const place = JSON.stringify([name, version]);
      const changed = shares.filter(({ share, checkpoint, holder }) =>
        this.#isNew(`${place} ${share}`, `${checkpoint} ${holder}`),
      );
      const isNew = this.#isNew(place, JSON.stringify(toJson(progress)));
      return isNew || changed.length > 0 ? [{ ...status, shares: changed }] : [];
    });
  }

  #isNew(place: string, value: string): boolean {
    if (this.#known.get(place) === value) return false;
    this.#known.set(place, value);
    return true;
  }
}

class Report {
  readonly #output: Output;
  /** The reports that arrived before the first line. */
  #early: (() => void)[] | undefined = [];
  #last = '';
  readonly #changes = new Changes();

  constructor(output: Output) {
    this.#output = output;
  }

  async started(system: string, statuses: readonly ProcessorStatus[], once: boolean): Promise<void> {
    const until = once ? 'until all work is done' : 'until Ctrl-C';
    const names = statuses.map(({ name }) => name).join(', ') || 'no processors';
    await this.#print('started', `${system} runs ${until}: ${names}`, { system, processors: statuses.map(statusJson) });
    this.#last = textOf(statuses);
    this.#changes.of(statuses);
    for (const print of this.#early ?? []) print();
    this.#early = undefined;
  }

  async status(statuses: readonly ProcessorStatus[]): Promise<void> {
    const text = textOf(statuses);
    const changed = this.#changes.of(statuses);
    // The text line may be the same although a processor has changed.
    if (this.#output.isJson ? changed.length === 0 : text === this.#last) return;
    this.#last = text;
    await this.#print('status', text, { processors: changed.map(statusJson) });
  }

  parked({ subscription }: Processor, { key, event, reason }: ParkedEvent): void {
    const { position } = event.context;
    // An event that only waits for an earlier one of its key has no reason.
    const why = reason === undefined ? 'an earlier event of its key is parked' : `${reason.message} (${reason.code})`;
    const text = `parked ${event.event.type} at ${position}, key ${key}: ${why}`;
    this.#report('parked', `${subscription.name}: ${text}`, {
      ...subscription,
      key,
      position,
      reason: reasonJson(reason),
    });
  }

  unavailable({ subscription }: Processor, reason: StopReason): void {
    const text = `${subscription.name}: waits for the store: ${reason.message} (${reason.code})`;
    this.#report('unavailable', text, { ...subscription, reason: reasonJson(reason) });
  }

  stopped({ subscription }: Processor, reason: StopReason): void {
    const text = `${subscription.name}: stopped: ${reason.message} (${reason.code})`;
    this.#report('stopped', text, { ...subscription, reason: reasonJson(reason) });
  }

  stopping(): Promise<void> {
    return this.#print('stopping', 'finishing the work in progress; press Ctrl-C again to stop immediately', {});
  }

  async ended(statuses: readonly ProcessorStatus[]): Promise<void> {
    await this.#print('ended', `ended: ${textOf(statuses)}`, { processors: statuses.map(statusJson) });
  }

  #report(event: string, text: string, fields: object): void {
    const print = (): void => void this.#print(event, text, fields);
    if (this.#early === undefined) print();
    else this.#early.push(print);
  }

  #print(event: string, text: string, fields: object): Promise<void> {
    const at = new Date();
    if (this.#output.isJson) return this.#output.records([{ event, at, ...fields }]);
    return this.#output.text(`${this.#output.styled('dim', at.toISOString())}  ${oneLine(text)}`);
  }
}

/** Returns the progress as one line. */
function textOf(statuses: readonly ProcessorStatus[]): string {
  if (statuses.length === 0) return 'no processors';
  const head = statuses[0]?.head;
  const behind = statuses.filter(({ checkpoint }) => head !== undefined && (checkpoint ?? 0n) < head);
  const parked = statuses.reduce((sum, { parked }) => sum + parked, 0);
  const stopped = statuses.filter(({ stopped }) => stopped !== undefined);
  return [
    `position ${head ?? 0}`,
    behind.length === 0
      ? 'caught up'
      : `behind: ${behind.map(({ name, checkpoint }) => `${name} by ${(head ?? 0n) - (checkpoint ?? 0n)}`).join(', ')}`,
    ...(parked === 0 ? [] : [`${parked} parked`]),
    ...(stopped.length === 0 ? [] : [`stopped: ${stopped.map(({ name }) => name).join(', ')}`]),
  ].join('  ');
}
