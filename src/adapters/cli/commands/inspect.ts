/** `decidable inspect`: reads a component without running it. */
import { readFile } from 'node:fs/promises';
import type { ComponentInspection, Finding, InspectedCoreModule, InspectedImport } from '../../component/host/index.ts';
import { DONE, INDETERMINISTIC } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { type Output, oneLine } from '../output.ts';
import type { Session } from '../session.ts';

export async function inspect(session: Session, file: string): Promise<number> {
  const bytes = await readComponent(file);
  const { inspectComponent } = await import('../../component/host/index.ts');
  const inspection = await inspectComponent(bytes).catch((error: unknown) => {
    if (error instanceof Error) error.message = `${file}: ${error.message}`;
    throw error;
  });
  const { output } = session;
  const digest = Buffer.from(inspection.digest).toString('hex');
  if (output.isJson) await output.document({ file, ...inspection, digest });
  else await output.text(...textOf(inspection, digest, output));
  return inspection.isDeterministic ? DONE : INDETERMINISTIC;
}

async function readComponent(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${code})`;
    throw new CommandLineError('not-found', `${file}: ${problem}`, { argument: 'file', cause: error });
  }
}

function textOf(inspection: ComponentInspection, digest: string, output: Output): readonly string[] {
  const heading = (text: string): string => output.styled('bold', text);
  const { world, misfit, imports, exports, coreModules, findings, producers, isDeterministic } = inspection;
  const lines = [
    `${heading('World')}          ${world ?? 'none'}`,
    `${heading('Deterministic')}  ${isDeterministic ? output.styled('green', 'yes') : output.styled('red', 'not proved')}`,
    `${heading('Digest')}         ${digest}`,
    `${heading('Size')}           ${inspection.bytes} bytes`,
  ];
  const foreign = FOREIGN.find(({ contract }) => exports.some((name) => name.startsWith(contract)));
  if (foreign !== undefined) {
    const { contract, loadedBy } = foreign;
    lines.push(`${heading('Contract')}       ${contract}, loaded by ${loadedBy} of decidable/component/foreign`);
  } else if (misfit !== undefined) {
    lines.push('', heading(`Differences from the world ${misfit.world}`));
    for (const { path, expected, found } of misfit.problems) {
      lines.push(`  ${path.map(oneLine).join('#')}`, `    expected  ${expected}`, `    found     ${oneLine(found)}`);
    }
  }
  lines.push('', heading('Imports'), ...orNone(imports.flatMap(importLines)));
  lines.push('', heading('Code that could be indeterministic'), ...orNone(findings.flatMap(findingLines)));
  lines.push('', heading('Core modules'), ...coreModules.map(coreModuleLine));
  const made = producers.map(({ field, name, version }) => `  ${oneLine(`${field}  ${name} ${version}`.trimEnd())}`);
  lines.push('', heading('Producers'), ...orNone(made));
  return lines;
}

/** The contracts of other projects, by the package of an interface that a component exports. */
const FOREIGN = [
  { contract: 'trogon:decider', loadedBy: 'trogonDecider' },
  { contract: 'cosmonic:eventsourcing', loadedBy: 'cosmonicCommandHandler' },
] as const;

function orNone(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ['  none'] : lines;
}

const PROVIDERS: { readonly [Provider in InspectedImport['provider']]: string } = {
  nothing: 'types',
  'virtual-wasi': 'virtual WASI',
  refused: 'refused',
  host: 'must be passed',
};

function importLines({ name, provider, grants, functions }: InspectedImport): readonly string[] {
  const lines = [`  ${oneLine(name)}  (${PROVIDERS[provider]})`, `    ${grants}`];
  return provider === 'host' && functions.length > 0 ? [...lines, `    ${functions.map(oneLine).join(', ')}`] : lines;
}

const MEANINGS: { readonly [Kind in Finding['kind']]: string } = {
  'relaxed-simd': 'relaxed vector instructions, refused unless granted',
  threads: 'waiting for another thread, refused unless granted',
  'nan-bits': 'computed NaNs whose bits can be observed; the host makes them canonical',
};

function findingLines({ kind, coreModule, function: index, functionName, offset, count }: Finding): readonly string[] {
  const name = functionName === undefined ? '' : ` (${oneLine(functionName)})`;
  return [
    `  ${kind}: ${MEANINGS[kind]}`,
    `    ${count} in core module ${coreModule}, first in function ${index}${name} at offset 0x${offset.toString(16)}`,
  ];
}

function coreModuleLine({ bytes, functions, memories, tables }: InspectedCoreModule, index: number): string {
  const sizes = [
    ...memories.map(({ min, max }) => `memory of ${range(min, max)} pages`),
    ...tables.map(({ min, max }) => `table of ${range(min, max)} elements`),
  ];
  return `  ${index}  ${bytes} bytes, ${functions} functions${sizes.map((size) => `, ${size}`).join('')}`;
}

function range(min: bigint, max: bigint | undefined): string {
  return max === undefined ? `${min} or more` : `${min} to ${max}`;
}
