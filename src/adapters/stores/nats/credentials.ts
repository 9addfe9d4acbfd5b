/** Separates the credentials from the address of a server, because the client ignores them there. */
import { DefinitionError } from '../../../core/errors.ts';

/** The options of the client that carry credentials. */
interface Credentials {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** The addresses without credentials, and the credentials of the first address. */
export interface Servers {
  readonly servers: readonly string[];
  readonly credentials: Credentials;
}

/**
 * Separates the addresses of the servers from the credentials in them: `nats://user:password@host` or
 * `nats://token@host`.
 *
 * @throws DefinitionError if the servers have different credentials, because the client uses the same ones for all.
 */
export function separateCredentials(addresses: readonly string[]): Servers {
  const found = addresses.map((address) => /^([a-z]+:\/\/)?(?:(.*)@)?(.*)$/is.exec(address));
  const [first, ...others] = new Set(found.map((parts) => parts?.[2]).filter((part) => part !== undefined));
  if (others.length > 0) {
    throw new DefinitionError(
      'createNatsStore.url',
      'expected the same credentials in each address; for different credentials, pass a connection',
    );
  }
  return {
    servers: found.map((parts) => `${parts?.[1] ?? ''}${parts?.[3] ?? ''}`),
    credentials: first === undefined ? {} : credentialsOf(first),
  };
}

function credentialsOf(text: string): Credentials {
  const colon = text.indexOf(':');
  if (colon < 0) return { token: decode(text) };
  return { user: decode(text.slice(0, colon)), pass: decode(text.slice(colon + 1)) };
}

/** Decodes a percent-encoded part of an address. Other text is returned unchanged. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
