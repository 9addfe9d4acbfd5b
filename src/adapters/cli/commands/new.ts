/** `decidable new`: copies a template into a new folder. */
import { DONE } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import type { Copied, Language } from '../templates.ts';

export async function newDecider(
  session: Session,
  folder: string | undefined,
  { language }: { readonly language: Language },
): Promise<number> {
  const { copyDecider } = await import('../templates.ts');
  const target = folder ?? `account-${language}`;
  return await print(session, target, copyDecider(language, target), { language });
}

export async function newSystem(session: Session, folder = 'bank'): Promise<number> {
  const { copySystem } = await import('../templates.ts');
  return await print(session, folder, copySystem(folder));
}

async function print(
  { output }: Session,
  folder: string,
  { files, next }: Copied,
  more: { readonly language?: Language } = {},
): Promise<number> {
  if (output.isJson) await output.document({ folder, ...more, files, next });
  else {
    const count = files.length;
    await output.text(
      `created ${folder} with ${count} files`,
      '',
      ...[`cd ${folder}`, ...next].map((line) => `  ${line}`),
    );
  }
  return DONE;
}
