/**
 * Finds the values for a component's imports in an object that JavaScript passes.
 *
 * Source for versions: *Explainer.md*, "Name Uniqueness" and *WIT.md*, "Package Names" (semver compatibility).
 */

import { memberIn } from '../abi/members.ts';
import { toCamelCase } from '../camel-case.ts';
import { memoizeByName } from '../engine/name-cache.ts';

interface InterfaceName {
  /** The name without the version, such as `wasi:io/streams`. */
  readonly base: string;
  /** The last part of the name, such as `streams`. */
  readonly short: string;
  readonly version: string | undefined;
}

/** Parses the name of an interface. Returns undefined for a plain name. */
const parseInterfaceName: (name: string) => InterfaceName | undefined = memoizeByName((name) => {
  const match = /^([^@]*[:/]([^@/:]+))(?:@(.+))?$/.exec(name);
  return match === null ? undefined : { base: match[1]!, short: match[2]!, version: match[3] };
});

/** Returns whether a name is of the form `ns:package/interface@version`, and not a plain name. */
export function isInterfaceName(name: string): boolean {
  return /[:/@]/.test(name);
}

/** Finds one import in an object. See {@link GivenNames.find}. */
export function findImport(given: object, name: string): unknown {
  return new GivenNames(given).find(name);
}

/** Finds the properties of an object of imports by their names. */
export class GivenNames {
  readonly #given: object;
  /** The versioned names by the name without version, the highest version first. */
  #versions: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(given: object) {
    this.#given = given;
  }

  /**
   * Returns the value for the import `name`, in this order:
   *
   * - under the name itself,
   * - for an interface: under a compatible version (the highest one), without a version, or under its last part alone,
   * - for a plain name: under its camelCase form.
   *
   * The properties are read without a check that they exist, because a proxy may support reads only.
   */
  find(name: string): unknown {
    const exact = memberIn(this.#given, name);
    if (exact !== undefined) return exact;
    const wanted = parseInterfaceName(name);
    if (wanted === undefined) return memberIn(this.#given, toCamelCase(name));
    const compatible = this.#versionsOf(wanted.base).filter((key) =>
      areCompatible(parseInterfaceName(key)!.version, wanted.version),
    );
    return firstOf(this.#given, [...compatible, wanted.base, wanted.short, toCamelCase(wanted.short)]);
  }

  /**
   * Returns the versioned names with this base. The index is built for the first import without a property of exactly
   * its name.
   */
  #versionsOf(base: string): readonly string[] {
    this.#versions ??= versionsIn(this.#given);
    return this.#versions.get(base) ?? [];
  }
}

function versionsIn(given: object): ReadonlyMap<string, readonly string[]> {
  const versions = new Map<string, string[]>();
  for (const key of Object.keys(given)) {
    const parsed = parseInterfaceName(key);
    if (parsed?.version === undefined) continue;
    const known = versions.get(parsed.base);
    if (known === undefined) versions.set(parsed.base, [key]);
    else known.push(key);
  }
  for (const keys of versions.values()) keys.sort(byVersionDescending);
  return versions;
}

function byVersionDescending(a: string, b: string): number {
  const version = (key: string): string => parseInterfaceName(key)!.version!;
  // Digits are compared as numbers.
  return version(b).localeCompare(version(a), 'en', { numeric: true });
}

/** Returns the first member with one of the names that is not undefined. */
export function firstOf(object: object, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = memberIn(object, key);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * Returns whether two versions are on the same compatibility track, such as `1.*.*` or `0.2.*`. A version `0.0.x` and a
 * prerelease are compatible with themselves only.
 */
function areCompatible(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  const track = trackOf(a);
  return track !== undefined && track === trackOf(b);
}

/**
 * Returns whether `given` names the import `actual`: with the same name, without a version, or with a compatible
 * version.
 */
export function isSameInterface(given: string, actual: string): boolean {
  if (given === actual) return true;
  const [a, b] = [parseInterfaceName(given), parseInterfaceName(actual)];
  return a !== undefined && a.base === b?.base && (a.version === undefined || areCompatible(a.version, b.version));
}

/** Returns the compatibility track of a version. A name may contain the track instead of a version: `a:b/c@1`. */
function trackOf(version: string | undefined): string | undefined {
  return /^([1-9]\d*|0\.[1-9]\d*)(?:\.\d+)*(?:\+.*)?$/.exec(version ?? '')?.[1];
}

/** The parts of a resource function's name: `[method]input-stream.read`. */
export interface ResourceFunctionName {
  readonly form: 'constructor' | 'method' | 'static';
  readonly resource: string;
  /** The name of the member. It is empty for a constructor. */
  readonly member: string;
}

export function parseResourceFunction(name: string): ResourceFunctionName | undefined {
  return name.startsWith('[') ? resourceFunction(name) : undefined;
}

const resourceFunction = memoizeByName((name): ResourceFunctionName | undefined => {
  const match = /^\[(?:async )?(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(name);
  if (match === null) return undefined;
  const [, form, resource, member = ''] = match;
  return form === 'constructor' || form === 'method' || form === 'static'
    ? { form, resource: resource!, member }
    : undefined;
});
