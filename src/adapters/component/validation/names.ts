/**
 * Parses import and export names, and computes their canonical forms for strong uniqueness.
 *
 * Source: *Explainer.md*, "Import and Export Definitions" and "Name Uniqueness".
 */

import { memoizeByName } from '../engine/name-cache.ts';

/** The parts of an `externname`. */
export interface ParsedName {
  readonly kind: 'label' | 'interface' | 'constructor' | 'method' | 'static';
  /** The resource of `[constructor]resource`, `[method]resource.member` or `[static]resource.member`. */
  readonly resource: string | undefined;
  /** The canonical form of the name. Names are strongly unique if their canonical forms differ. */
  readonly canonical: string;
  /**
   * True if another name may have the same JavaScript name, or the JavaScript name may be reserved. See
   * `linking/js-names.ts`.
   */
  readonly mayCollide: boolean;
}

/**
 * Matches names that may collide in JavaScript. No other names collide, because names that differ in letter case only
 * are invalid.
 */
const colliding = /-\d|\.(?:drop|create|prototype)$/i;

/** Matches a `label`. Each fragment matches in one way only, so matching takes linear time. */
const label = /^(?:[a-z][0-9a-z]*|[A-Z][0-9A-Z]*)(?:-(?:\d+|\d*[a-z][0-9a-z]*|\d*[A-Z][0-9A-Z]*))*$/;

/** Matches `words`. */
const words = /^[a-z][0-9a-z]*(?:-[0-9a-z]+)*$/;

/** Matches a version. Source: Semantic Versioning 2.0.0, "Backus–Naur Form Grammar for Valid SemVer Versions". */
const semver =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

/** Matches a `canonversion`. */
const canonicalVersion = /^(?:[1-9]\d*|0\.[1-9]\d*|0\.0\.(?:0|[1-9]\d*))$/;

const annotation = /^\[(constructor|method|static)\]/;

/** Parses an `externname`. Returns the error text if it is invalid. */
export const parseName: (name: string) => ParsedName | string = memoizeByName(parse);

function kebab(text: string, pattern: RegExp): string | undefined {
  return pattern.test(text) ? undefined : `\`${text}\` is not in kebab case`;
}

function parse(name: string): ParsedName | string {
  const annotated = annotation.exec(name);
  if (annotated !== null) {
    const kind = annotated[1] === 'constructor' || annotated[1] === 'method' ? annotated[1] : 'static';
    const rest = name.slice(annotated[0].length);
    if (kind === 'constructor') return kebab(rest, label) ?? parsedAs(kind, name, rest);
    const dot = rest.indexOf('.');
    if (dot < 0) return `failed to find \`.\` character in \`${name}\``;
    const resource = rest.slice(0, dot);
    return kebab(resource, label) ?? kebab(rest.slice(dot + 1), label) ?? parsedAs(kind, name, resource);
  }
  return name.includes(':') ? parseInterfaceName(name) : (kebab(name, label) ?? parsedAs('label', name));
}

/**
 * Parses an `interfacename`. Nested namespaces and packages are gated features of *Explainer.md*, and are not accepted.
 */
function parseInterfaceName(name: string): ParsedName | string {
  const at = name.indexOf('@');
  const path = at < 0 ? name : name.slice(0, at);
  const colon = path.indexOf(':');
  const [packageName = '', projection, ...more] = path.slice(colon + 1).split('/');
  if (packageName.includes(':') || projection === undefined) {
    return kebab(packageName.replace(/:.*/, ''), words) ?? `expected \`/\` after package name in \`${name}\``;
  }
  if (more.length > 0) return `trailing characters found: \`/${more.join('/')}\``;
  const wrong = kebab(path.slice(0, colon), words) ?? kebab(packageName, words) ?? kebab(projection, label);
  if (wrong !== undefined) return wrong;
  const version = at < 0 ? undefined : name.slice(at + 1);
  return version === undefined || semver.test(version) || canonicalVersion.test(version)
    ? parsedAs('interface', name)
    : `\`${version}\` is not a valid semver`;
}

/** Returns whether a `versionsuffix` is valid for the name before it. */
export function isVersionSuffix(name: string, suffix: string): boolean {
  const version = name.slice(name.indexOf('@') + 1);
  return name.includes('@') && canonicalVersion.test(version) && semver.test(version + suffix);
}

function parsedAs(kind: ParsedName['kind'], name: string, resource?: string): ParsedName {
  return { kind, resource, canonical: canonicalName(name), mayCollide: colliding.test(name) };
}

function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  if (lower[0] !== '[' || lower.startsWith('[constructor]')) return lower;
  const rest = lower.slice('[method]'.length);
  const dot = rest.indexOf('.');
  return rest.slice(0, dot) === rest.slice(dot + 1) ? rest.slice(0, dot) : rest;
}
