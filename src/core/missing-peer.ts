/** Loads optional peer dependencies: packages that only one subpath needs. */
import { DecidableError } from './errors.ts';

/** A subpath was imported without the package that it needs. `payload` names both. */
export class MissingPeerError extends DecidableError<
  'missing-peer',
  { readonly package: string; readonly subpath: string }
> {
  override readonly name: string = 'MissingPeerError';
  constructor(name: string, subpath: string, options?: ErrorOptions) {
    super(
      'definition',
      'missing-peer',
      { package: name, subpath },
      `${subpath} needs the package ${name}, which is not installed; run: npm install ${name}`,
      options,
    );
  }
}

/**
 * Loads an optional peer.
 * @param load imports the package by a literal name, so that bundlers find it.
 * @throws MissingPeerError if the package is not installed. Any other failure is thrown unchanged.
 */
export async function loadPeer<Module>(name: string, subpath: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if (isMissing(cause, name)) throw new MissingPeerError(name, subpath, { cause });
    throw cause;
  }
}

/** Returns whether an import failed because the package is missing. Node, Bun and Deno have the same error code. */
function isMissing(cause: unknown, name: string): boolean {
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return cause.code === 'ERR_MODULE_NOT_FOUND' && cause.message.includes(name);
}
