/** A folder for one run, on the disk that the tests use. It is removed after the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Calls `run` with the path of a file that does not exist, in a new folder. */
export function inScratch<Result>(run: (file: string) => Promise<Result>): Promise<Result> {
  return inFolder((folder) => run(join(folder, 'bench.db')));
}

/** Calls `run` with the path of a new folder. */
export async function inFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
