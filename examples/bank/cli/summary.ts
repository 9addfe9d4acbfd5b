/** Prints the summary of a run. */
import { type Ledger, totalOf } from './ledger.ts';
import type { Tally } from './tally.ts';

/** The number of accounts to list, the largest first. */
const LARGEST = 5;

export interface Run {
  readonly file: string;
  /** The name of the store in the summary. */
  readonly store: string;
  readonly tally: Tally;
  readonly ledger: Ledger;
  /** The time for processing the lines, without the time for reading the balances afterwards. */
  readonly seconds: number;
}

export function summarize({ file, store, tally, ledger, seconds }: Run): string {
  const commands = tally.accepted + tally.rejected;
  const added = commands - tally.duplicates;
  const accounts = [...ledger.accounts].sort(([idA, a], [idB, b]) => b.balance - a.balance || (idA < idB ? -1 : 1));
  const open = accounts.filter(([, { open }]) => open).length;
  const { completed = 0, compensated = 0, refused = 0, held = 0, requested = 0 } = ledger.transfers;
  const transfers = completed + compensated + refused + held + requested;
  const perSecond = seconds > 0 ? Math.round(commands / seconds) : 0;

  const rows: [string, string, string][] = [
    ['lines', count(tally.lines), `from ${file === '-' ? 'standard input' : file}`],
    ['commands', count(commands), `${count(tally.accepted)} accepted, ${count(tally.rejected)} rejected`],
    ['duplicates', count(tally.duplicates), 'known command ids, not decided again'],
    ['bad lines', count(tally.badLines), ''],
    ['new events', count(tally.newEvents), `into ${store}`],
    ['', '', ''],
    ['accounts', count(accounts.length), `${count(open)} open, ${count(accounts.length - open)} closed`],
    ['statements', count(ledger.lines), 'lines'],
    [
      'transfers',
      count(transfers),
      `${count(completed)} completed, ${count(compensated)} compensated, ${count(refused)} refused, ${count(held)} held`,
    ],
    ['', '', ''],
    ['deposits', money(ledger.deposits), ''],
    ['withdrawals', money(0 - ledger.withdrawals), ''],
    ['in flight', money(0 - ledger.inFlight), 'withdrawn by transfers and not deposited yet'],
    ['total', money(totalOf(ledger)), 'all balances: money is conserved'],
  ];
  const lines = rows.map(([name, value, note]) => `  ${name.padEnd(14)}${value.padStart(14)}  ${note}`);

  if (accounts.length > 0) {
    lines.push('', 'Largest balances');
    for (const [id, { owner, balance }] of accounts.slice(0, LARGEST)) {
      lines.push(`  ${printable(id).padEnd(14)}${money(balance).padStart(14)}  ${printable(owner)}`);
    }
  }
  if (tally.rejections.size > 0) {
    lines.push('', 'Rejections');
    for (const [code, times] of [...tally.rejections].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))) {
      lines.push(`  ${code.padEnd(20)}${count(times).padStart(8)}`);
    }
  }
  if (tally.badLines > 0) {
    lines.push('', 'Bad lines');
    for (const { line, code, reason } of [...tally.listedBadLines].sort((a, b) => a.line - b.line)) {
      lines.push(`  ${count(line).padStart(7)}  ${code.padEnd(18)} ${printable(reason)}`);
    }
    const more = tally.badLines - tally.listedBadLines.length;
    if (more > 0) lines.push(`  … and ${count(more)} more`);
  }

  lines.push('', `${count(perSecond)} commands a second (${seconds.toFixed(2)} s)`);
  if (commands > 0 && added === 0) {
    lines.push(`Nothing changed: ${store} already had all of these commands.`);
  }
  return lines.map((line) => line.trimEnd()).join('\n') + '\n';
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Escapes characters that would move the cursor or reverse the text: ESC becomes \u001b. */
function printable(text: string): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, escaped);
}

/** Formats minor units for people: 123456 becomes 1,234.56. */
function money(minor: number): string {
  return (minor / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
