/** A folder for one run, on the disk that the tests use, gone when the run is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Calls `run` with the path of a file that does not exist, in a folder of its own. */
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
