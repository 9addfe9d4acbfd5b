/** The root of a virtual file system, as a guest finds it. */
import assert from 'node:assert/strict';
import { type VirtualWasi, type VirtualWasiOptions, virtualWasi } from 'decidable/component/wasi';
import type { Descriptor } from '../../../../src/adapters/component/wasi/filesystem.ts';

export const ALL = { read: true, write: true, mutateDirectory: true } as const;

/** Every directory that the guest finds open, by its name. */
export function directoriesOf({ imports }: VirtualWasi): Readonly<Record<string, Descriptor>> {
  const { getDirectories } = imports['wasi:filesystem/preopens@0.2.12'] as {
    getDirectories(): [Descriptor, string][];
  };
  return Object.fromEntries(getDirectories().map(([directory, name]) => [name, directory]));
}

/** The directory `/` of a virtual WASI that grants files. */
export function openRoot(options: VirtualWasiOptions = {}): { readonly wasi: VirtualWasi; readonly root: Descriptor } {
  const wasi = virtualWasi({ grant: ['wasi:filesystem/preopens'], ...options });
  const root = directoriesOf(wasi)['/'];
  assert.ok(root !== undefined);
  return { wasi, root };
}

export const follow = { symlinkFollow: true } as const;

export const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Checks that a call failed with that `error-code`. */
export const fails =
  (code: string) =>
  (error: unknown): boolean =>
    (error as { payload?: unknown }).payload === code;
