/**
 * How the names of a component's imports are found in an object that JavaScript gives.
 *
 * Source for versions: *Explainer.md*, "Name Uniqueness" and *WIT.md*, "Package Names" (semver compatibility).
 */
import { propertyOf, toCamelCase } from '../abi/javascript-values.ts';
import { remembering } from '../engine/name-cache.ts';

interface InterfaceName {
  /** `wasi:io/streams`, without the version. */
  readonly base: string;
  /** `streams`. */
  readonly short: string;
  readonly version: string | undefined;
}

function parseInterfaceName(name: string): InterfaceName | undefined {
  const match = /^([^@]*[:/]([^@/:]+))(?:@(.+))?$/.exec(name);
  return match === null ? undefined : { base: match[1]!, short: match[2]!, version: match[3] };
}

/**
 * What `given` holds for the import `name`: under the name itself; for an interface, under the same in a compatible version
 * (the highest one), or without a version, or under its last part alone; for a plain name, under its camelCase form. It is
 * asked for what it holds and not for what it has, because a proxy may answer that alone.
 */
export function findImport(given: object, name: string): unknown {
  const wanted = parseInterfaceName(name);
  if (wanted === undefined) return firstOf(given, [name, toCamelCase(name)]);
  const compatible = Object.keys(given)
    .map((key) => ({ key, parsed: parseInterfaceName(key) }))
    .filter(({ parsed }) => parsed?.base === wanted.base && areCompatible(parsed.version, wanted.version))
    .sort((a, b) => compareVersions(b.parsed?.version, a.parsed?.version))
    .map(({ key }) => key);
  return firstOf(given, [name, ...compatible, wanted.base, wanted.short, toCamelCase(wanted.short)]);
}

/** The first of the properties that is there. */
export function firstOf(object: object, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = propertyOf(object, key);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Whether two versions are on one compatibility track: `1.*.*`, `0.2.*`, or the very same `0.0.1` or prerelease. */
function areCompatible(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  const track = trackOf(a);
  return track !== undefined && track === trackOf(b);
}

/** A name may have the track itself in the place of a version: `a:b/c@1`. */
function trackOf(version: string | undefined): string | undefined {
  return /^([1-9]\d*|0\.[1-9]\d*)(?:\.\d+)*(?:\+.*)?$/.exec(version ?? '')?.[1];
}

/** Of two on one track: digits are compared as numbers. */
function compareVersions(a: string | undefined, b: string | undefined): number {
  return (a ?? '').localeCompare(b ?? '', 'en', { numeric: true });
}

/** The parts of a resource function's name: `[method]input-stream.read`. */
export interface ResourceFunctionName {
  readonly form: 'constructor' | 'method' | 'static';
  readonly resource: string;
  /** Empty for a constructor. */
  readonly member: string;
}

export function parseResourceFunction(name: string): ResourceFunctionName | undefined {
  return name.startsWith('[') ? resourceFunction(name) : undefined;
}

const resourceFunction = remembering((name): ResourceFunctionName | undefined => {
  const match = /^\[(?:async )?(constructor|method|static)\]([^.]+)(?:\.(.+))?$/.exec(name);
  if (match === null) return undefined;
  const [, form, resource, member = ''] = match;
  return form === 'constructor' || form === 'method' || form === 'static'
    ? { form, resource: resource!, member }
    : undefined;
});
