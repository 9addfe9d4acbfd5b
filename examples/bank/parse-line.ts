/** A line as a command, or what is wrong with it: JSON, then the frame, then the command's own schema. */
import { type Envelope, isFault, msgpack } from 'decidable';
import { z } from 'zod';
import { account } from './account.ts';
import type { Problem } from './tally.ts';

/** A command as it is sent: the id makes it idempotent. */
export interface BankCommand {
  readonly id: string;
  /** Of the account that decides it. */
  readonly stream: string;
  readonly envelope: Envelope;
}

export type ParseResult = { readonly command: BankCommand } | { readonly problem: Problem };

/** Passed on as it is: a schema that copies would drop a key like `__proto__` in silence. */
const Data = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
const Frame = z.strictObject({ id: z.string().min(1).max(200), type: z.string(), data: Data });

export function parseLine(text: string): ParseResult {
  if (text.trim() === '') return problem('empty-line', 'a line is one JSON object; this one is empty');

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
    // The module that decides checks this too. Here it names a bad line before anything is sent, whichever module that is.
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

/** Where and what, for each issue: `data.amount: expected …`. */
function describe(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the line'}: ${message}`).join('; ');
}
