/** Turns an event store in a component into an `EventStore` of this package, with its error classes. */
import { AppendFailure, type EventStore, StoreFailure } from 'decidable';
import { isComponentError } from 'decidable/component';
import { awaitEventsAfter, CommitSignal } from 'decidable/storage';

/**
 * Wraps the exports of an event store. They already have the TypeScript interface, except for the classes of errors.
 */
export function componentStore(instance: EventStore): EventStore {
  // A guest cannot wait while it serves other calls. All appends pass through this object, so that it notices each one.
  const commits = new CommitSignal();
  const lastPosition = async (): Promise<bigint | undefined> => {
    const options = {
      direction: 'backward',
      limit: 1,
      categories: [],
      eventTypes: [],
      events: [],
    } as const;
    const [last] = await failingAs(StoreFailure, () => instance.readAll(options));
    return last?.context.position;
  };
  return {
    append: async (stream, events, precondition, decision) => {
      const appended = await failingAs(AppendFailure, () => instance.append(stream, events, precondition, decision));
      commits.notify();
      return appended;
    },
    readStream: (stream, options) => failingAs(StoreFailure, () => instance.readStream(stream, options)),
    readAll: (options) => failingAs(StoreFailure, () => instance.readAll(options)),
    awaitEvents: (afterPosition, signal) => awaitEventsAfter(lastPosition, commits, afterPosition, signal),
    findDecision: (commandId) => failingAs(StoreFailure, () => instance.findDecision(commandId)),
    loadSnapshot: (key) => failingAs(StoreFailure, () => instance.loadSnapshot(key)),
    saveSnapshot: (key, snapshot) => failingAs(StoreFailure, () => instance.saveSnapshot(key, snapshot)),
    dropSnapshot: (key) => failingAs(StoreFailure, () => instance.dropSnapshot(key)),
  };
}

async function failingAs<Payload extends { readonly tag: string; readonly val?: unknown }, Result>(
  Failure: new (payload: Payload, message: string) => Error,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!isComponentError(error)) throw error;
    const payload = inJavaScript(error.payload as Payload);
    throw new Failure(payload, error.message);
  }
}

/** Converts the names of arguments: `decision.command-id` is `decision.commandId` in JavaScript. */
function inJavaScript<Payload extends { readonly tag: string; readonly val?: unknown }>(payload: Payload): Payload {
  if (payload.tag !== 'invalid-argument') return payload;
  const { argument, message } = payload.val as { argument: string; message: string };
  return { ...payload, val: { argument: argument.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()), message } };
}
