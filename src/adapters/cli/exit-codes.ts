/** The exit codes of the command line. Its help and its guide list them. */

export const DONE = 0;
/** The command failed because of a fault of a module, a failure of the store, or a processor that has stopped. */
export const FAILED = 1;
/** An argument, an option or the configuration is invalid. */
export const USAGE = 2;
/** The domain rejected the command. The rejection is recorded. */
export const REJECTED = 3;
/** The store, stream, decision, read model, document or parked event does not exist. */
export const NOT_FOUND = 4;
/** `verify-chain` found damage, or `verify` or `copy` found a commit that differs. */
export const DAMAGED = 5;
/** `inspect` found code that could be indeterministic, or an import that the host must pass. */
export const INDETERMINISTIC = 6;
/** `run --once` has done all work, except events that are parked. */
export const PARKED = 7;
/** Ctrl-C ended the program before it was done. */
export const INTERRUPTED = 130;

export const EXIT_CODE_HELP = `Exit codes:
  0    done
  1    failed: a fault of a module, a failure of the store, or a processor that has stopped
  2    an argument, an option or the configuration is invalid
  3    dispatch: the domain rejected the command
  4    the store, stream, decision, read model, document or parked event does not exist
  5    verify-chain, verify: the store is damaged, or a decision differs; copy: the copy differs
  6    inspect: the component could be indeterministic
  7    run --once: all work is done, except events that are parked
  130  ended by Ctrl-C before the work was done`;
