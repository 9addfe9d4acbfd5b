/** The gateway in TypeScript, which can replace `components/gateway` (`wit/system.wit`). */
import type { CommandError, CommandResult, EventSourcer, FoldedState } from 'decidable';

export interface Response {
  /** An HTTP status code. */
  readonly status: number;
  /** A JSON text. */
  readonly body: string;
}

export interface Gateway {
  request(path: string, body: Uint8Array): Promise<Response>;
}

/** Creates a gateway to an event sourcer, which may be the exports of a component. */
export function createGateway(sourcer: EventSourcer): Gateway {
  return {
    async request(path, body) {
      const [, place, name = '', id] = /^\/(commands|states)\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
      try {
        if (place === 'commands' && id !== undefined) {
          const command = { type: name, schemaVersion: 1, payload: body };
          return toCommand(await sourcer.handleCommand(command, { commandId: id }));
        }
        if (place === 'states') {
          const stream = path.slice('/states/'.length);
          return toRead(stream, await sourcer.readState(stream, {}));
        }
      } catch (error) {
        if (error instanceof Error && 'payload' in error) return failed(error.payload as CommandError);
        throw error;
      }
      return answer(404, {
        error: 'not-found',
        message: 'the paths are /commands/{type}/{command id} and /states/{stream}',
      });
    },
  };
}

function toCommand({ outcome, stream, revision, events, duplicate }: CommandResult): Response {
  const at = { stream, revision: number(revision) };
  if (outcome.tag === 'accepted') {
    return answer(200, { outcome: 'accepted', ...at, events: events.map(({ event }) => event.type), duplicate });
  }
  const { code, message, details } = outcome.val;
  return answer(422, { outcome: 'rejected', ...at, code, message, details, duplicate });
}

function toRead(stream: string, { revision, contentType, state }: FoldedState): Response {
  return answer(200, { stream, revision: number(revision), contentType, state: Buffer.from(state).toString('hex') });
}

const STATUS: Readonly<Record<CommandError['tag'], number>> = {
  'invalid-argument': 400,
  unroutable: 404,
  fault: 400,
  trap: 500,
  conflict: 409,
  'command-id-reused': 409,
  'replay-limit': 500,
  unauthorized: 403,
  overloaded: 503,
  cancelled: 503,
  'deadline-exceeded': 504,
  store: 503,
  closed: 503,
};

function failed(failure: CommandError): Response {
  return answer(STATUS[failure.tag], { error: failure.tag, message: messageOf(failure) });
}

function messageOf(failure: CommandError): string {
  switch (failure.tag) {
    case 'invalid-argument':
      return `${failure.val.argument} ${failure.val.message}`;
    case 'conflict':
      return `stream ${JSON.stringify(failure.val.stream)} was written to`;
    default:
      return failure.val.message;
  }
}

function answer(status: number, body: object): Response {
  return { status, body: JSON.stringify(body) };
}

/** Converts a revision to a JSON number, which is exact up to 2^53. Streams are shorter. */
function number(revision: bigint | undefined): number | null {
  return revision === undefined ? null : Number(revision);
}
