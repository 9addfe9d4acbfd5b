/** `decidable build`: makes a component from a module. */
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { sha256 } from '../../../core/storage/sha256.ts';
import type { BuildStep } from '../../component/build/index.ts';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { showProgress } from '../progress.ts';
import type { Session } from '../session.ts';

export interface BuildCommandOptions {
  readonly output?: string;
  readonly export?: string;
}

const STEPS: { readonly [Step in BuildStep]: string } = {
  bundle: 'bundling the module and its libraries',
  evaluate: 'evaluating the module',
  componentize: 'making the component',
};

export async function build({ output }: Session, file: string, options: BuildCommandOptions): Promise<number> {
  const target = options.output ?? `${basename(file, extname(file))}.wasm`;
  if (!existsSync(dirname(resolve(target)))) {
    throw new CommandLineError('usage', `${target}: the folder does not exist; create it, or name another file`, {
      argument: '--output',
    });
  }
  if (statSync(target, { throwIfNoEntry: false })?.isFile() === false) {
    throw new CommandLineError('usage', `${target}: exists and is not a file; name another file`, {
      argument: '--output',
    });
  }
  const { buildComponent } = await import('../../component/build/index.ts');
  using progress = showProgress(STEPS.bundle);
  const { component, world, name, version } = await buildComponent(file, {
    export: options.export,
    onStep: (step) => progress.show(STEPS[step]),
  });
  await replaceFile(target, component);
  progress[Symbol.dispose]();
  const digest = Buffer.from(sha256(component)).toString('hex');
  const built = { file: target, world, name, version, bytes: component.length, digest };
  if (output.isJson) await output.document(built);
  else {
    await output.text(
      `${output.styled('bold', target)}`,
      `  ${name} ${version}, world ${world}`,
      `  ${built.bytes} bytes, SHA-256 ${digest}`,
    );
  }
  return DONE;
}

/** Writes a file. A reader gets the old file or the new one, and never a part. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    const { code } = cause as NodeJS.ErrnoException;
    throw new CommandLineError('usage', `${path}: the file cannot be written (${code})`, {
      argument: '--output',
      cause,
    });
  }
}
