/** The bank account of examples/bank, unchanged, as a component of the world `command-handler`. */
import { account } from '../../bank/account.ts';
import { guestOf } from './guest.ts';

export const { types, decider, routing } = guestOf(account);
