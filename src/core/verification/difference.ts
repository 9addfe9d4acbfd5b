/** The first difference between the recorded decisions and those that the modules make now. */
import type { Envelope, Outcome } from '../messages.ts';
import type { BrokenCommit } from '../storage/stream-chain.ts';
import type { Damage } from '../storage/verify-chain.ts';

/** A recorded decision. */
export interface DecisionPlace {
  readonly stream: string;
  /** The index of the commit in its stream, from 0. */
  readonly commit: number;
  /** The id under which the decision is recorded. */
  readonly commandId: string;
  /** The recorded command. */
  readonly command: Envelope;
  /** The content type of the payloads. */
  readonly contentType: string;
  /** The name of the module that decides. */
  readonly module: string;
}

/** The first difference that {@link verifyStore} found. */
export type Difference =
  /** The chain is broken at this commit, or the store is damaged. */
  | { readonly reason: 'chain'; readonly broken: BrokenCommit | Damage }
  /** A stream of the expected heads is missing, or no longer has the commit of its head. */
  | { readonly reason: 'head'; readonly stream: string; readonly revision: bigint | undefined }
  /**
   * The command's outcome differs from the recorded one: accepted instead of rejected, rejected instead of accepted,
   * or rejected in another way.
   */
  | {
      readonly reason: 'outcome';
      readonly place: DecisionPlace;
      readonly recorded: Outcome;
      readonly decided: Outcome;
    }
  /** An event differs in its type, its schema version or its bytes. One of the two is missing if the numbers differ. */
  | {
      readonly reason: 'event';
      readonly place: DecisionPlace;
      /** The index of the event in its decision, from 0. */
      readonly event: number;
      readonly recorded: Envelope | undefined;
      readonly decided: Envelope | undefined;
    }
  /** The module fails on a recorded command or event. */
  | { readonly reason: 'failure'; readonly place: DecisionPlace; readonly error: unknown };

/**
 * Describes a difference in one sentence, without the payloads.
 *
 * @example describeDifference(difference) // 'commit 3 of stream "account-7", command Deposit 0b…: event 0 was …'
 */
export function describeDifference(difference: Difference): string {
  switch (difference.reason) {
    case 'chain':
      return chainText(difference.broken);
    case 'head': {
      const { stream, revision } = difference;
      const events = revision === undefined ? 'its decisions' : `its events up to revision ${revision}`;
      return `stream ${JSON.stringify(stream)} has lost ${events}, because the commit of its head is missing`;
    }
    case 'outcome': {
      const { place, recorded, decided } = difference;
      return `${placeText(place)} was ${outcomeText(recorded)}, and is ${outcomeText(decided)} now`;
    }
    case 'event':
      return `${placeText(difference.place)}: ${eventText(difference)}`;
    case 'failure': {
      const { place, error } = difference;
      return `${placeText(place)} fails now: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

function chainText(broken: BrokenCommit | Damage): string {
  if (broken.reason === 'damage') return broken.message;
  const { stream, commit, commandId, reason } = broken;
  return `commit ${commit} of stream ${JSON.stringify(stream)}, command ${commandId}: its ${reason} contradicts the previous commits`;
}

function placeText({ stream, commit, command, commandId }: DecisionPlace): string {
  return `commit ${commit} of stream ${JSON.stringify(stream)}, command ${command.type} ${commandId}`;
}

function outcomeText(outcome: Outcome): string {
  return outcome.tag === 'accepted' ? 'accepted' : `rejected with ${JSON.stringify(outcome.val.code)}`;
}

function eventText({ event, recorded, decided }: Difference & { reason: 'event' }): string {
  if (recorded === undefined) return `event ${event}, ${decided?.type}, is decided now and was not recorded`;
  if (decided === undefined) return `event ${event}, ${recorded.type}, was recorded and is not decided now`;
  if (recorded.type !== decided.type) return `event ${event} was ${recorded.type}, and is ${decided.type} now`;
  if (recorded.schemaVersion !== decided.schemaVersion) {
    return `event ${event}, ${recorded.type}, had schema version ${recorded.schemaVersion}, and now has ${decided.schemaVersion}`;
  }
  return `event ${event}, ${recorded.type}, now has different bytes`;
}
