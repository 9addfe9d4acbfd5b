/** The options that `componentStore` and `componentSourcer` share. */
import type { OptionNames } from '../../../core/unknown-names.ts';
import { show } from '../abi/javascript-values.ts';
import type { ImportObject } from '../index.ts';
import type { VirtualWasi } from '../wasi/index.ts';
import { checkEnvironment, type GuestLimits, LIMIT_NAMES, unexpected } from './options.ts';

/** The options of a component that has effects: a store or an event sourcer. */
export interface ServiceOptions extends GuestLimits {
  /**
   * The imports of the component, or a function that creates them for each instance. They may be asynchronous. This
   * needs an engine with JavaScript promise integration, such as that of Node 24. By default, the component can import
   * `wasi:clocks/wall-clock` only, whose time is {@link ServiceOptions.now}.
   *
   * @default {}
   */
  readonly imports?: ImportObject | (() => ImportObject) | undefined;
  /**
   * Creates WASI for each instance of a guest whose language needs it: `() => virtualWasi({ grant: LANGUAGE_RUNTIME
   * })`. Its clock shows {@link ServiceOptions.now} at the start of each call, and its randomness is different in each
   * call.
   */
  readonly wasi?: (() => VirtualWasi) | undefined;
  /**
   * The clock of the component, in milliseconds since the Unix epoch. A store records its time with each commit.
   *
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
}

export const SERVICE_OPTION_NAMES: OptionNames<ServiceOptions> = {
  imports: true,
  wasi: true,
  now: true,
  ...LIMIT_NAMES,
};

/**
 * Checks the options at run time. @throws ArgumentError that names the option, the expected value and the given one.
 */
export function checkServiceOptions(options: ServiceOptions): void {
  checkEnvironment(options);
  const { now } = options;
  if (now === undefined || typeof now === 'function') return;
  throw unexpected('now', 'a function that returns the time in milliseconds, such as Date.now', show(now));
}
