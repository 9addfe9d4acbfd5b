/**
 * The members of the global object whose result depends on the machine, the time, the locale or the process. Every
 * other member of Node 24 is in the list of allowed members, `test/adapters/testing/ambient/allowed-globals.txt`. A
 * test compares both lists with the engine.
 *
 * A forbidden function throws when it is called. A forbidden object throws when one of its members is read. Any other
 * forbidden value throws when it is read.
 */
import type { AmbientKind } from './forbidden-call.ts';

/** Members of one holder, separated by spaces. The holder is a path from the global object. */
type Row = readonly [holder: string, kind: AmbientKind, members: string];

export const FORBIDDEN: readonly Row[] = [
  ['Math', 'randomness', 'random'],
  ['Crypto.prototype', 'randomness', 'getRandomValues randomUUID subtle'],
  ['URL', 'randomness', 'createObjectURL'],
  ['Performance.prototype', 'clock', 'now timeOrigin mark measure nodeTiming eventLoopUtilization timerify toJSON'],
  ['Performance.prototype', 'clock', 'getEntries getEntriesByName getEntriesByType'],
  ['', 'clock', 'PerformanceMark PerformanceObserver'],
  ['Event.prototype', 'clock', 'timeStamp'],
  ['File.prototype', 'clock', 'lastModified'],
  ['process', 'clock', 'hrtime uptime'],
  [
    'process',
    'environment',
    'pid ppid argv execArgv execPath title debugPort platform arch version versions release config',
  ],
  ['process', 'environment', 'memoryUsage cpuUsage threadCpuUsage resourceUsage constrainedMemory availableMemory'],
  ['process', 'environment', 'cwd chdir umask getuid geteuid getgid getegid getgroups getActiveResourcesInfo'],
  ['process', 'environment', '_getActiveHandles _getActiveRequests moduleLoadList allowedNodeEnvironmentFlags report'],
  [
    'process',
    'environment',
    'stdin openStdin binding _linkedBinding dlopen loadEnvFile kill _kill exit reallyExit abort execve',
  ],
  [
    'process',
    'environment',
    'initgroups setgroups setegid seteuid setgid setuid _debugProcess _debugEnd sourceMapsEnabled',
  ],
  ['process', 'timers', 'nextTick'],
  ['', 'timers', 'setTimeout setInterval setImmediate queueMicrotask'],
  ['AbortSignal', 'timers', 'timeout'],
  ['Atomics', 'timers', 'wait waitAsync'],
  ['', 'network', 'fetch WebSocket BroadcastChannel MessageChannel'],
  ['', 'environment', 'navigator'],
  ['Navigator.prototype', 'environment', 'hardwareConcurrency language languages userAgent platform locks'],
  ['Atomics', 'environment', 'isLockFree'],
  ['Date.prototype', 'time zone', 'getTimezoneOffset getFullYear getYear getMonth getDate getDay getHours getMinutes'],
  ['Date.prototype', 'time zone', 'getSeconds setFullYear setYear setMonth setDate setHours setMinutes setSeconds'],
  ['Date.prototype', 'time zone', 'setMilliseconds toString toDateString toTimeString'],
];

/** Members that other runtimes and other versions have. */
export const FORBIDDEN_ELSEWHERE: readonly Row[] = [
  ['Temporal.Now', 'clock', 'instant plainDateISO plainDateTimeISO plainTimeISO zonedDateTimeISO timeZoneId'],
  ['', 'timers', 'requestAnimationFrame cancelAnimationFrame requestIdleCallback scheduler'],
  ['', 'network', 'XMLHttpRequest EventSource WebTransport RTCPeerConnection Worker SharedWorker'],
  ['', 'environment', 'localStorage sessionStorage caches indexedDB location screen Deno Bun'],
];

/** Members of `''` that are objects, so that `typeof` returns the same as outside a decision. */
export const OBJECTS: ReadonlySet<string> = new Set(
  'navigator localStorage sessionStorage caches indexedDB location screen scheduler Deno Bun'.split(' '),
);

/** A method that uses the machine's locale unless a locale is passed, and the position of that argument. */
interface LocaleMethod {
  readonly holder: string;
  readonly method: string;
  readonly argument: number;
  /**
   * The constructor of `Intl` whose locales the method supports. For any other locale, the method uses the locale of
   * the machine.
   */
  readonly locales?: 'Collator' | 'NumberFormat' | 'DateTimeFormat';
}

export const LOCALE_METHODS: readonly LocaleMethod[] = [
  { holder: 'String.prototype', method: 'localeCompare', argument: 1, locales: 'Collator' },
  { holder: 'String.prototype', method: 'toLocaleUpperCase', argument: 0 },
  { holder: 'String.prototype', method: 'toLocaleLowerCase', argument: 0 },
  { holder: 'Number.prototype', method: 'toLocaleString', argument: 0, locales: 'NumberFormat' },
  { holder: 'BigInt.prototype', method: 'toLocaleString', argument: 0, locales: 'NumberFormat' },
  // These also use the machine's time zone, unless the options name one.
  { holder: 'Date.prototype', method: 'toLocaleString', argument: 0, locales: 'DateTimeFormat' },
  { holder: 'Date.prototype', method: 'toLocaleDateString', argument: 0, locales: 'DateTimeFormat' },
  { holder: 'Date.prototype', method: 'toLocaleTimeString', argument: 0, locales: 'DateTimeFormat' },
];

/** The constructors of `Intl` that use the machine's locale unless their first argument names one. */
export const LOCALE_CONSTRUCTORS: readonly string[] =
  'Collator DateTimeFormat DisplayNames DurationFormat ListFormat NumberFormat PluralRules RelativeTimeFormat Segmenter'.split(
    ' ',
  );
