/**
 * Parses the address of a store, such as `bank.db`, `sqlite:bank.db?durability=normal` or `memory:`. An address is the
 * same text in programs, on the command line and in environment variables.
 */
import type { NatsStoreOptions } from '../nats/options.ts';
import { databaseAddressProblem } from '../postgres/database-address.ts';
import type { PostgresStoreOptions } from '../postgres/options.ts';
import type { SqliteStoreOptions } from '../sqlite/options.ts';
import { AddressError, withoutSecrets } from './address-error.ts';
import { anyText, oneOf, oneOfNumbers, type Parameters, readParameters, wholeFrom, yesOrNo } from './parameters.ts';

/** The options of `createSqliteStore` that an address can have. */
type SqliteParameters = Pick<SqliteStoreOptions, 'durability' | 'busyTimeout' | 'maxPages'>;

const SQLITE_PARAMETERS: Parameters<SqliteParameters> = {
  durability: oneOf('full', 'normal'),
  busyTimeout: wholeFrom(0),
  maxPages: wholeFrom(1),
};

/** The options of `createNatsStore` that an address can have. */
type NatsParameters = Pick<
  NatsStoreOptions,
  'replicas' | 'storage' | 'timeout' | 'duplicateWindow' | 'connectionLife' | 'monitoring'
>;

const NATS_PARAMETERS: Parameters<NatsParameters> = {
  replicas: oneOfNumbers(1, 3, 5),
  storage: oneOf('file', 'memory'),
  timeout: wholeFrom(1),
  duplicateWindow: wholeFrom(100),
  connectionLife: wholeFrom(1),
  monitoring: anyText(),
};

/** The options of `createPostgresStore` that an address can have. */
type PostgresParameters = Pick<
  PostgresStoreOptions,
  'schema' | 'maxConnections' | 'listen' | 'pollInterval' | 'retryTimeout'
>;

const POSTGRES_PARAMETERS: Parameters<PostgresParameters> = {
  schema: anyText(),
  maxConnections: wholeFrom(2),
  listen: yesOrNo(),
  pollInterval: wholeFrom(1),
  retryTimeout: wholeFrom(0),
};

/** The parameters that the driver reads from the address of a database. */
const DRIVER_PARAMETERS: readonly string[] = [
  'application_name',
  'client_encoding',
  'connectionTimeoutMillis',
  'connect_timeout',
  'fallback_application_name',
  'host',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'options',
  'password',
  'port',
  'query_timeout',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'statement_timeout',
  'user',
  'uselibpqcompat',
];

/** A parsed address. */
export type StoreAddress =
  | { readonly engine: 'memory' }
  | {
      readonly engine: 'sqlite';
      readonly file: string;
      readonly parameters: SqliteParameters;
    }
  | {
      readonly engine: 'postgres';
      /** The address of the database, for the driver. */
      readonly url: string;
      readonly parameters: PostgresParameters;
    }
  | {
      readonly engine: 'nats';
      /** An address for each server, with the credentials. */
      readonly servers: readonly string[];
      readonly name: string | undefined;
      readonly parameters: NatsParameters;
    };

/** A scheme has at least two letters, because `C:\bank.db` is a file. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

const FORMS = 'a file such as bank.db, sqlite:bank.db, postgres://host/bank, nats://host:4222/bank or memory:';

/**
 * Parses an address.
 *
 * @throws AddressError `invalid-address` that names the part: the scheme, the host, the path or a parameter.
 */
export function parseAddress(address: string): StoreAddress {
  if (typeof address !== 'string' || address.trim() === '') {
    throw new AddressError('address', `the address of a store must be a non-empty string, such as ${FORMS}`);
  }
  const scheme = SCHEME.exec(address)?.[1]?.toLowerCase();
  // A file name is used unchanged. `?` and `%` have no special meaning in it.
  if (scheme === undefined) return { engine: 'sqlite', file: address, parameters: {} };
  const [place = '', ...queries] = address.slice(scheme.length + 1).split('?');
  const parts: Parts = { address, scheme, place, query: queries.join('?') };
  switch (scheme) {
    case 'memory':
      return memory(parts);
    case 'sqlite':
      return sqlite(parts);
    case 'postgres':
    case 'postgresql':
      return postgres(parts);
    case 'nats':
      return nats(parts);
    default:
      throw unknownScheme(parts);
  }
}

interface Parts {
  readonly address: string;
  readonly scheme: string;
  /** The text between the scheme and the query. */
  readonly place: string;
  readonly query: string;
}

function memory({ address, place, query }: Parts): StoreAddress {
  if (place !== '') {
    throw new AddressError('path', `${withoutSecrets(address)}: a store in memory cannot have a name; write memory:`);
  }
  readParameters(address, query, {});
  return { engine: 'memory' };
}

function sqlite({ address, place, query }: Parts): StoreAddress {
  const shown = withoutSecrets(address);
  const [, host, path = place] = /^\/\/([^/]*)(.*)$/s.exec(place) ?? [];
  if (host !== undefined && host !== '' && host !== 'localhost') {
    throw new AddressError(
      'host',
      `${shown}: a SQLite file cannot have a host; write sqlite:${host}${path} for a relative name`,
    );
  }
  let file: string;
  try {
    file = decodeURIComponent(path);
  } catch {
    throw new AddressError(
      'path',
      `${shown}: two hexadecimal digits must follow each % of the name; write %25 for a %`,
    );
  }
  if (file.trim() === '')
    throw new AddressError('path', `${shown}: the file name is missing; write it as in sqlite:bank.db`);
  return { engine: 'sqlite', file, parameters: readParameters(address, query, SQLITE_PARAMETERS) };
}

function postgres({ address, scheme, place, query }: Parts): StoreAddress {
  const shown = withoutSecrets(address);
  if (!place.startsWith('//')) {
    throw new AddressError('host', `${shown}: expected ${scheme}://user@host:5432/database`);
  }
  const ofDriver = new URLSearchParams();
  const own = new URLSearchParams();
  for (const [name, text] of new URLSearchParams(query)) {
    (DRIVER_PARAMETERS.includes(name) ? ofDriver : own).append(name, text);
  }
  const url = `${scheme}:${place}${ofDriver.size > 0 ? `?${ofDriver}` : ''}`;
  const problem = databaseAddressProblem(url);
  if (problem !== undefined) throw new AddressError('host', `${shown}: ${problem}`);
  return { engine: 'postgres', url, parameters: readParameters(address, String(own), POSTGRES_PARAMETERS) };
}

function nats({ address, place, query }: Parts): StoreAddress {
  const shown = withoutSecrets(address);
  const [, credentials = '', hosts = '', path = ''] = /^\/\/(?:(.*)@)?([^/]*)(?:\/(.*))?$/s.exec(place) ?? [];
  const servers = hosts.split(',');
  for (const host of servers) {
    const isServer = /^(\[[0-9a-f:.]+\]|[^:@\s]+)(:\d{1,5})?$/i.test(host) && URL.canParse(`nats://${host}`);
    if (isServer) continue;
    throw new AddressError('host', `${shown}: expected servers as in nats://host:4222,other:4222/bank`);
  }
  if (path !== '' && !/^[A-Za-z0-9_-]{1,200}$/.test(path)) {
    throw new AddressError('path', `${shown}: the name of a NATS store must be 1 to 200 letters, digits, _ and -`);
  }
  return {
    engine: 'nats',
    servers: servers.map((host) => `nats://${credentials === '' ? '' : `${credentials}@`}${host}`),
    name: path === '' ? undefined : path,
    parameters: readParameters(address, query, NATS_PARAMETERS),
  };
}

function unknownScheme({ address, scheme }: Parts): AddressError {
  const shown = withoutSecrets(address);
  return new AddressError(
    'scheme',
    `${shown}: unknown scheme "${scheme}"; expected ${FORMS}. Write ./${shown} for a file of that name`,
  );
}
