/** Which code decides. The event sourcer cannot tell one module from another, and neither can the rest of the bank. */
import { account } from './account.ts';

/** The module that runs the bank: the functions of `account.ts`, in this process. */
export async function bankModule(): Promise<typeof account> {
  return account;
}
