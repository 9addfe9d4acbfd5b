/** Parses a line into a command, or a problem: first as JSON, then as a frame, then by the command's schema. */
import { type Envelope, isFault, msgpack } from 'decidable';
import { z } from 'zod';
import { account } from '../account.ts';
import type { Problem } from './tally.ts';

/** A command with its id, which makes it idempotent. */
export interface BankCommand {
  readonly id: string;
  /** The stream of the account that decides it. */
  readonly stream: string;
  readonly envelope: Envelope;
}

export type ParseResult = { readonly command: BankCommand } | { readonly problem: Problem };

/** Accepts the object without a copy, because a schema that copies would silently drop a key like `__proto__`. */
const Data = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
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

  try {
    const payload = msgpack.encode(data, { kind: 'command', type, schemaVersion: 1 });
    const envelope = { type, schemaVersion: 1, payload };
    // The module that decides checks this too. Checking here reports a bad line before anything is sent, with any module.
    const command = account.types.command.fromEnvelope(envelope);
    return { command: { id, stream: account.routing.streamId(command), envelope } };
  } catch (error) {
    if (isFault(error)) return problem(error.code, error.message);
    throw error;
  }
}

function problem(code: string, reason: string): ParseResult {
  return { problem: { code, reason } };
}

/** Lists each issue with its place: `data.amount: expected …`. */
function describe(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`).join('; ');
}
