/**
 * The functions of WASI 0.2, up to 0.2.12, by the names under which a component imports them. Those that only some
 * toolchains turn on (`@unstable`) are included. Interfaces that only a guest exports (`wasi:cli/run`,
 * `wasi:http/incoming-handler`) are left out.
 *
 * Source: the packages wasi:io, clocks, random, cli, filesystem, sockets and http, version 0.2.12.
 */

interface Names {
  readonly functions?: string;
  /** The methods of each resource. A constructor is `+`, and a static function begins with a full stop. */
  readonly resources?: Readonly<Record<string, string>>;
}

const NAMES: Readonly<Record<string, Names>> = {
  'wasi:io/error': { resources: { error: 'to-debug-string' } },
  'wasi:io/poll': { functions: 'poll', resources: { pollable: 'ready block' } },
  'wasi:io/streams': {
    resources: {
      'input-stream': 'read blocking-read skip blocking-skip subscribe',
      'output-stream':
        'check-write write blocking-write-and-flush flush blocking-flush subscribe write-zeroes ' +
        'blocking-write-zeroes-and-flush splice blocking-splice',
    },
  },
  'wasi:clocks/monotonic-clock': { functions: 'now resolution subscribe-instant subscribe-duration' },
  'wasi:clocks/wall-clock': { functions: 'now resolution' },
  'wasi:clocks/timezone': { functions: 'display utc-offset' },
  'wasi:random/random': { functions: 'get-random-bytes get-random-u64' },
  'wasi:random/insecure': { functions: 'get-insecure-random-bytes get-insecure-random-u64' },
  'wasi:random/insecure-seed': { functions: 'insecure-seed' },
  'wasi:cli/environment': { functions: 'get-environment get-arguments initial-cwd' },
  'wasi:cli/exit': { functions: 'exit exit-with-code' },
  'wasi:cli/stdin': { functions: 'get-stdin' },
  'wasi:cli/stdout': { functions: 'get-stdout' },
  'wasi:cli/stderr': { functions: 'get-stderr' },
  'wasi:cli/terminal-input': { resources: { 'terminal-input': '' } },
  'wasi:cli/terminal-output': { resources: { 'terminal-output': '' } },
  'wasi:cli/terminal-stdin': { functions: 'get-terminal-stdin' },
  'wasi:cli/terminal-stdout': { functions: 'get-terminal-stdout' },
  'wasi:cli/terminal-stderr': { functions: 'get-terminal-stderr' },
  'wasi:filesystem/preopens': { functions: 'get-directories' },
  'wasi:filesystem/types': {
    functions: 'filesystem-error-code',
    resources: {
      descriptor:
        'read-via-stream write-via-stream append-via-stream advise sync-data get-flags get-type set-size set-times read ' +
        'write read-directory sync create-directory-at stat stat-at set-times-at link-at open-at readlink-at ' +
        'remove-directory-at rename-at symlink-at unlink-file-at is-same-object metadata-hash metadata-hash-at',
      'directory-entry-stream': 'read-directory-entry',
    },
  },
  'wasi:sockets/network': { functions: 'network-error-code', resources: { network: '' } },
  'wasi:sockets/instance-network': { functions: 'instance-network' },
  'wasi:sockets/ip-name-lookup': {
    functions: 'resolve-addresses',
    resources: { 'resolve-address-stream': 'resolve-next-address subscribe' },
  },
  'wasi:sockets/tcp-create-socket': { functions: 'create-tcp-socket' },
  'wasi:sockets/tcp': {
    resources: {
      'tcp-socket':
        'start-bind finish-bind start-connect finish-connect start-listen finish-listen accept local-address ' +
        'remote-address is-listening address-family set-listen-backlog-size keep-alive-enabled set-keep-alive-enabled ' +
        'keep-alive-idle-time set-keep-alive-idle-time keep-alive-interval set-keep-alive-interval keep-alive-count ' +
        'set-keep-alive-count hop-limit set-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size ' +
        'set-send-buffer-size subscribe shutdown',
    },
  },
  'wasi:sockets/udp-create-socket': { functions: 'create-udp-socket' },
  'wasi:sockets/udp': {
    resources: {
      'udp-socket':
        'start-bind finish-bind stream local-address remote-address address-family unicast-hop-limit ' +
        'set-unicast-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size set-send-buffer-size subscribe',
      'incoming-datagram-stream': 'receive subscribe',
      'outgoing-datagram-stream': 'check-send send subscribe',
    },
  },
  'wasi:http/types': {
    functions: 'http-error-code',
    resources: {
      fields: '+ .from-list get has set delete append entries clone',
      'incoming-request': 'method path-with-query scheme authority headers consume',
      'outgoing-request':
        '+ body method set-method path-with-query set-path-with-query scheme set-scheme authority set-authority headers',
      'request-options':
        '+ connect-timeout set-connect-timeout first-byte-timeout set-first-byte-timeout between-bytes-timeout ' +
        'set-between-bytes-timeout',
      'response-outparam': 'send-informational .set',
      'incoming-response': 'status headers consume',
      'incoming-body': 'stream .finish',
      'future-trailers': 'subscribe get',
      'outgoing-response': '+ status-code set-status-code headers body',
      'outgoing-body': 'write .finish',
      'future-incoming-response': 'subscribe get',
    },
  },
  'wasi:http/outgoing-handler': { functions: 'handle' },
};

/** One function of an interface. */
export interface WasiFunction {
  readonly form: 'function' | 'constructor' | 'static' | 'method';
  /** Of all but free functions. */
  readonly resource: string | undefined;
  /** Of all but constructors. */
  readonly member: string | undefined;
  /** As a component imports it: `[method]descriptor.read`. */
  readonly importName: string;
  /** As an error names it: `wasi:filesystem/types#descriptor.read`. */
  readonly fullName: string;
}

export interface WasiNames {
  /** Without a version. */
  readonly name: string;
  readonly resources: readonly string[];
  readonly functions: readonly WasiFunction[];
}

const wordsOf = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '');

export const WASI: readonly WasiNames[] = Object.entries(NAMES).map(([name, { functions = '', resources = {} }]) => ({
  name,
  resources: Object.keys(resources),
  functions: [
    ...wordsOf(functions).map((member): WasiFunction => {
      const fullName = `${name}#${member}`;
      return { form: 'function', resource: undefined, member, importName: member, fullName };
    }),
    ...Object.entries(resources).flatMap(([resource, members]) =>
      wordsOf(members).map((word): WasiFunction => {
        const fullName = `${name}#${resource}`;
        if (word === '+') {
          const importName = `[constructor]${resource}`;
          return { form: 'constructor', resource, member: undefined, importName, fullName };
        }
        const form = word.startsWith('.') ? 'static' : 'method';
        const member = word.replace('.', '');
        return {
          form,
          resource,
          member,
          importName: `[${form}]${resource}.${member}`,
          fullName: `${fullName}.${member}`,
        };
      }),
    ),
  ],
}));
