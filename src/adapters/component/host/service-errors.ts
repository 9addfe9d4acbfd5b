/** Converts the payloads of errors that a component returned to those of the TypeScript interfaces. */

/** A case of `append-error`, `store-error` or `command-error`. */
interface Payload {
  readonly tag: string;
  readonly val?: unknown;
}

/**
 * Converts the argument's name in a payload to JavaScript's form, for example `decision.command-id` to
 * `decision.commandId`.
 */
export function inJavaScript<Case extends Payload>(payload: Case): Case {
  if (payload.tag !== 'invalid-argument') return payload;
  const { argument, message } = payload.val as { argument: string; message: string };
  return { ...payload, val: { argument: argument.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()), message } };
}

/** Returns the message for a payload. */
export function messageOf({ tag, val }: Payload): string {
  const { argument, message } = Object(val) as { argument?: string; message?: string };
  if (message === undefined) return tag;
  return argument === undefined ? message : `${argument}: ${message}`;
}
