/** The corpus of the mutations: components that run, and the validator's valid and invalid cases of every rule. */
import { readFileSync } from 'node:fs';
import { assemble } from '../assemble.ts';
import { countingGuest } from '../host/counting-guest.ts';
import { cases as aliases } from '../validation/cases/aliases.ts';
import { cases as canonicalDefinitions } from '../validation/cases/canonical-definitions.ts';
import { cases as coreModules } from '../validation/cases/core-modules.ts';
import { cases as definedTypes } from '../validation/cases/defined-types.ts';
import { cases as externalVisibility } from '../validation/cases/external-visibility.ts';
import { cases as instantiation } from '../validation/cases/instantiation.ts';
import { cases as names } from '../validation/cases/names.ts';
import { cases as resources } from '../validation/cases/resources.ts';
import { seeds } from './seeds.ts';

/** Larger components are omitted, because most changes to them would hit the same long vector. */
const maxLength = 4096;

/** The components that run. */
export function runnable(): Promise<readonly Uint8Array[]> {
  return Promise.all(seeds().map(assemble));
}

/** Guests of the bank, and of each world. */
export async function guests(): Promise<readonly Uint8Array[]> {
  const bank = ['c', 'rust', 'assemblyscript'].map((language) =>
    readFileSync(new URL(`../../../../examples/guests/${language}/bank.wasm`, import.meta.url)),
  );
  const counting = await Promise.all(
    (['command-handler', 'process-manager', 'read-model'] as const).map((world) => countingGuest(world)),
  );
  return [...bank.map((bytes) => new Uint8Array(bytes)), ...counting];
}

/** The components of the validator's cases. */
export async function corpus(): Promise<readonly Uint8Array[]> {
  const cases = [
    ...aliases,
    ...canonicalDefinitions,
    ...coreModules,
    ...definedTypes,
    ...externalVisibility,
    ...instantiation,
    ...names,
    ...resources,
  ];
  const binaries = await Promise.all(cases.map((one) => assemble(one.text)));
  return binaries.filter((binary) => binary.length <= maxLength);
}
