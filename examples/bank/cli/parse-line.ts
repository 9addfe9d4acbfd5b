/** Parses a line into a command, or a problem: first as JSON, then as a frame, then by the command's schema. */
import { type Envelope, isFault, msgpack } from 'decidable';
import { z } from 'zod';
import { account } from '../account.ts';
import { type RequestTransfer, transfer } from '../transfer.ts';
import type { Problem } from './tally.ts';

/** A command with its id, which makes it idempotent. */
export interface BankCommand {
  readonly id: string;
  /** The accounts that the command concerns. */
  readonly accounts: readonly string[];
  readonly envelope: Envelope;
  /** The transfer that the command requests. */
  readonly transferId?: string;
}

export type ParseResult = { readonly command: BankCommand } | { readonly problem: Problem };

/** Accepts the object without copying it, because a copying schema would silently drop a key such as `__proto__`. */
const Data = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
/** The commands that clients may send. The process manager sends the other commands of a transfer. */
const ACCOUNT_COMMANDS = Object.keys(account.commands);
const TYPES: readonly string[] = [...ACCOUNT_COMMANDS, 'RequestTransfer'];

const Frame = z.strictObject({ id: z.string().min(1).max(200), type: z.string(), data: Data });

export function parseLine(text: string): ParseResult {
  if (text.trim() === '') return problem('empty-line', 'expected a JSON object, got an empty line');

  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return problem('not-json', error instanceof Error ? error.message : String(error));
  }

  const frame = Frame.safeParse(json);
  if (!frame.success) return problem('not-a-command', describe(frame.error));
  const { id, type, data } = frame.data;

  if (!TYPES.includes(type))
    return problem('unknown-type', `expected ${TYPES.join(', ')}; got ${JSON.stringify(type)}`);

  try {
    const payload = msgpack.encode(data, { kind: 'command', type, schemaVersion: 1 });
    return { command: commandOf(id, { type, schemaVersion: 1, payload }) };
  } catch (error) {
    if (isFault(error)) return problem(error.code, error.message);
    throw error;
  }
}

/**
 * Returns the command, after checking it. The deciding module checks it too. This check reports a bad line before
 * anything is sent, for every module.
 */
function commandOf(id: string, envelope: Envelope): BankCommand {
  if (ACCOUNT_COMMANDS.includes(envelope.type)) {
    const { data } = account.types.command.fromEnvelope(envelope);
    return { id, accounts: [data.accountId], envelope };
  }
  const { data } = transfer.types.command.fromEnvelope(envelope) as ReturnType<typeof RequestTransfer>;
  return { id, accounts: [data.from, data.to], envelope, transferId: data.transferId };
}

function problem(code: string, reason: string): ParseResult {
  return { problem: { code, reason } };
}

/** Lists each issue with its path: `data.amount: expected …`. */
function describe(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`).join('; ');
}
