/** The core modules of a component: their sizes, and the code in them that could be indeterministic. */

import type { Component as BinaryComponent } from '../../binary/definitions.ts';
import { coreModulesOf } from '../../linking/plan.ts';
import { type CodeSummary, type Found, type Indeterminism, summarize } from '../metering/determinism.ts';
import { Section, Sections } from '../metering/sections.ts';
import { type Growable, spacesOf } from '../metering/spaces.ts';
import { functionNames } from './function-names.ts';

/** The size of a memory or a table. */
export interface InspectedLimits {
  /** Pages of a memory, or elements of a table. */
  readonly min: bigint;
  /** The maximum that the guest declares. It is `undefined` if the guest declares no maximum. */
  readonly max: bigint | undefined;
}

/** A core module of a component. */
export interface InspectedCoreModule {
  /** The offset of the module in the component, in bytes. */
  readonly offset: number;
  /** The size of the module in bytes. */
  readonly bytes: number;
  /** The number of functions that the module defines. */
  readonly functions: number;
  /** The memories and tables that the module defines. Imported ones are not listed. */
  readonly memories: readonly InspectedLimits[];
  readonly tables: readonly InspectedLimits[];
}

/** Code that could be indeterministic, and its position. */
export interface Finding {
  /** The kind, as the option `grant` of `loadModule` names it. */
  readonly kind: Indeterminism;
  /** The index of the core module, in the order of the binary. */
  readonly coreModule: number;
  /** The index of the function in its core module. */
  readonly function: number;
  /** The name of the function, if the binary has names. */
  readonly functionName: string | undefined;
  /** The byte offset of the first such instruction in the component. */
  readonly offset: number;
  /** The number of such instructions in the core module. */
  readonly count: number;
}

interface ReadModule {
  readonly module: InspectedCoreModule;
  readonly sections: Sections;
  readonly summary: CodeSummary;
}

/** Describes the core modules of a component. @throws UnsupportedError if an instruction is unknown. */
export function inspectCoreModules(component: BinaryComponent): {
  readonly coreModules: readonly InspectedCoreModule[];
  readonly findings: readonly Finding[];
} {
  const read = coreModulesOf(component).map(({ bytes, offset }): ReadModule => {
    const sections = new Sections(bytes);
    const { memories, tables } = spacesOf(sections);
    const module = {
      offset,
      bytes: bytes.length,
      functions: sections.count(Section.function),
      memories: limitsOf(memories),
      tables: limitsOf(tables),
    };
    return { module, sections, summary: summarize(sections) };
  });
  return { coreModules: read.map(({ module }) => module), findings: findingsOf(read) };
}

function limitsOf(growables: readonly Growable[]): readonly InspectedLimits[] {
  return growables.filter(({ imported }) => !imported).map(({ min, declaredMax }) => ({ min, max: declaredMax }));
}

function findingsOf(read: readonly ReadModule[]): readonly Finding[] {
  // One module may compute a NaN, and another one may read its bits.
  const showsBits = read.some(({ summary }) => summary.showsBits.count > 0);
  return read.flatMap(({ sections, summary }, coreModule) => {
    const finding = (kind: Indeterminism, { first, count }: Found): readonly Finding[] => {
      if (first === undefined) return [];
      return [{ kind, coreModule, ...first, functionName: functionNames(sections).get(first.function), count }];
    };
    return [
      ...finding('relaxed-simd', summary.relaxedSimd),
      ...finding('threads', summary.waits),
      ...(showsBits ? finding('nan-bits', summary.computesNan) : []),
    ];
  });
}
