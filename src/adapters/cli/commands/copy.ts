/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable copy`: copies one store to another. */
import { type CopyProgress, type CopyResult, copyStore } from '../../../core/copying/copy-store.ts';
import { withoutSecrets } from '../../stores/address/address-error.ts';
import { DONE } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { showProgress } from '../progress.ts';
import { openNamed, type Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';

export interface CopyOptions {
  readonly follow?: boolean | undefined;
  readonly processors: boolean;
}

export async function copy(
  session: Session,
  fromAddress: string,
  toAddress: string,
  { follow = false, processors }: CopyOptions,
): Promise<number> {
  const { output, halt } = session;
  await using from = await openNamed(fromAddress, 'from', { readOnly: true, create: false });
  await using to = await openNamed(toAddress, 'to', { readOnly: false, create: true });
  using _signals = endOnSecondSignal(halt, () => {
    if (follow) void report(output, 'finishing', 'adding the rest and comparing both stores', {});
  });
  using progress = showProgress('comparing the existing commits');
  let followed = -1;
  const onProgress = ({ phase, commits, events }: CopyProgress): void => {
    progress.show(`${phase}: ${commits} commits, ${events} events`);
    if (phase !== 'following' || commits === followed) return;
    followed = commits;
    const text = `the copy has all ${commits} commits, and follows the source; press Ctrl-C to finish`;
    void report(output, phase, text, { commits, events });
  };
  const signals = follow ? { follow: halt.signal } : { signal: halt.signal };
  const result = await copyStore(from, to, { ...signals, processors, onProgress });
  progress[Symbol.dispose]();
  const places = { from: withoutSecrets(fromAddress), to: withoutSecrets(toAddress) };
  if (!output.isJson) await output.text(...textOf(result, places.to));
  else if (follow) await report(output, 'done', '', { ...places, ...result });
  else await output.document({ ...places, ...result });
  return DONE;
}

/** Prints a line while the copy follows its source. */
function report(output: Output, event: string, text: string, fields: object): Promise<void> {
  return output.isJson ? output.records([{ event, at: new Date(), ...fields }]) : output.text(text);
}

function textOf({ commits, events, streams, added, processors }: CopyResult, to: string): readonly string[] {
  const lines = [
    `${to} has all ${commits} commits of ${streams} streams, with ${events} events; ${added} of the commits are new`,
  ];
  if (processors === undefined) return lines;
  const names = (list: readonly { readonly name: string; readonly version: string }[]): string =>
    list.map(({ name, version }) => `${name}@${version}`).join(', ');
  if (processors.moved.length > 0) lines.push(`continue at the same event: ${names(processors.moved)}`);
  if (processors.rebuilt.length > 0) lines.push(`are built from the first event: ${names(processors.rebuilt)}`);
  return lines;
}
