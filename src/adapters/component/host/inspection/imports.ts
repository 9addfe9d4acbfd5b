/** The imports of a component, and the access that each of them would grant. */
import type { Component, NamedExtern } from '../../index.ts';
import { GRANTABLE, type WasiInterface } from '../../wasi/grantable.ts';

/**
 * The provider of an import:
 *
 * - `nothing`: it has only types, so nothing has to be passed.
 * - `virtual-wasi`: `virtualWasi` provides it deterministically and in memory.
 * - `refused`: it belongs to the network, which `virtualWasi` does not have. Each call fails.
 * - `host`: the option `imports` must pass it. The host determines its effects.
 */
export type ImportProvider = 'nothing' | 'virtual-wasi' | 'refused' | 'host';

/** An import of a component. */
export interface InspectedImport {
  /** The name of the import, such as `wasi:clocks/wall-clock@0.2.3`. */
  readonly name: string;
  /** The kind of the import's type: `instance`, `func`, `type` … */
  readonly kind: string;
  readonly provider: ImportProvider;
  /** The access that the import grants to the guest, as a sentence. */
  readonly grants: string;
  /** The functions of an interface, in the order of the binary. The list is empty for other imports. */
  readonly functions: readonly string[];
}

/** The virtual interfaces, and the access that each grants to a guest. */
const WASI_GRANTS: { readonly [Interface in WasiInterface]: string } = {
  'wasi:cli/environment': 'The arguments, the environment and the directory that virtualWasi was passed.',
  'wasi:cli/exit': 'It may end its instance.',
  'wasi:cli/stdin': 'The input that virtualWasi was passed.',
  'wasi:cli/stdout': 'It may write to the output that virtualWasi was passed.',
  'wasi:cli/stderr': 'It may write to the error output that virtualWasi was passed.',
  'wasi:cli/terminal-stdin': 'It can check whether its input is a terminal, and it is not.',
  'wasi:cli/terminal-stdout': 'It can check whether its output is a terminal, and it is not.',
  'wasi:cli/terminal-stderr': 'It can check whether its error output is a terminal, and it is not.',
  'wasi:clocks/monotonic-clock': 'A clock that follows from the command or event, and not from the machine.',
  'wasi:clocks/wall-clock': 'The time of the command or event.',
  'wasi:clocks/timezone': 'The time zone UTC.',
  'wasi:filesystem/preopens': 'The files in memory that virtualWasi was passed.',
  'wasi:random/random': 'Bytes that follow from the id of the command or event.',
  'wasi:random/insecure': 'Bytes that follow from the id of the command or event.',
  'wasi:random/insecure-seed': 'A seed that follows from the id of the command or event.',
};

/** Describes the imports of a component, in the order of the binary. */
export function inspectImports(component: Component): readonly InspectedImport[] {
  return component.imports.map((extern) => {
    const functions = functionsOf(extern);
    return { name: extern.name, kind: extern.type.kind, functions, ...providerOf(extern, functions) };
  });
}

function providerOf(
  { name, type }: NamedExtern,
  functions: readonly string[],
): Pick<InspectedImport, 'provider' | 'grants'> {
  if (type.kind === 'type' || (type.kind === 'instance' && functions.length === 0)) {
    return { provider: 'nothing', grants: 'Only types.' };
  }
  const interfaceName = name.split('@')[0]!;
  const grantable = GRANTABLE.find((each) => each === interfaceName);
  if (grantable !== undefined) return { provider: 'virtual-wasi', grants: WASI_GRANTS[grantable] };
  if (/^wasi:(sockets|http)\//.test(interfaceName)) {
    return { provider: 'refused', grants: 'Nothing: virtualWasi has no network, and each call fails.' };
  }
  if (interfaceName === 'wasi:filesystem/types') {
    return { provider: 'virtual-wasi', grants: 'It works on the files of wasi:filesystem/preopens.' };
  }
  if (/^wasi:(io|cli)\//.test(interfaceName)) {
    return { provider: 'virtual-wasi', grants: 'It works on the streams of the other interfaces.' };
  }
  return { provider: 'host', grants: 'Everything that the host passes for it.' };
}

function functionsOf({ type }: NamedExtern): readonly string[] {
  if (type.kind !== 'instance') return [];
  return type.exports.filter((each) => each.type.kind === 'func').map(({ name }) => name);
}
