/** Describes values, messages and outcomes for failure messages, such as `Withdrawn { amount: 5n }`. */
import type { Message, Rejection } from '../../core/index.ts';
import { toHex } from '../../core/uuid.ts';

/** Returns a value in the syntax of JavaScript. */
export function showValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value).replaceAll("'", "\\'").replace(/^"|"$/g, "'").replaceAll('\\"', '"');
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(showValue).join(', ')}]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString();
  if (value instanceof Uint8Array) return `bytes(${toHex(value)})`;
  if (value instanceof Set) return `Set { ${[...value].map(showValue).join(', ')} }`;
  if (value instanceof Map)
    return `Map { ${[...value].map(([key, item]) => `${showValue(key)} => ${showValue(item)}`).join(', ')} }`;
  // Fields are sorted, and undefined ones are left out, so that equal values are shown in the same way.
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const fields = entries.sort(byKey).map(([key, item]) => `${showKey(key)}: ${showValue(item)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}

function byKey([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

function showKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : showValue(key);
}

/** Returns a message as `Deposited { amount: 5n }`, or only its type if it has no data. */
export function showMessage({ type, data }: Message): string {
  const fields = data === undefined ? '{}' : showValue(data);
  return fields === '{}' ? type : `${type} ${fields}`;
}

/** Returns a rejection as `rejected: insufficient-funds (The balance is too low.) { balance: '3' }`. */
export function showRejection({ code, message, details }: Rejection): string {
  const values = details.length === 0 ? '' : ` ${showValue(Object.fromEntries(details))}`;
  return `rejected: ${code} (${message})${values}`;
}

/** Returns several lines, one below the other, after a label. */
export function showLines(label: string, lines: readonly string[]): string {
  const first = label.padEnd(LABEL_WIDTH);
  if (lines.length === 0) return `${first}nothing`;
  return lines.map((line, index) => `${index === 0 ? first : ' '.repeat(LABEL_WIDTH)}${line}`).join('\n');
}

const LABEL_WIDTH = 10;
