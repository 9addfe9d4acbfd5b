/**
 * Mutates components until the time has elapsed. No input may hang, crash the process or end with an error that is not
 * typed.
 *
 * A separate process runs the mutants, and reports each mutant before it runs it. So a mutant that hangs or crashes the
 * process is identified, and is saved like one that ends with a wrong error.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { minimize } from './minimize.ts';
import { random } from './mutate.ts';
import { run } from './run.ts';

const HELP = `node --conditions=decidable-source test/adapters/component/fuzz/fuzz.ts [options]

  --seconds <n>     the duration (60)
  --seed <n>        the seed of all randomness (the time); a run with the same seed makes the same mutants
  --out <folder>    the folder for findings (a new folder for temporary files)
  --replay <file>   runs a saved finding again, and makes it smaller if it ends with a wrong error
  --run-seed <n>    with --replay: the seed of its arguments (0)
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    out: { type: 'string' },
    replay: { type: 'string' },
    'run-seed': { type: 'string', default: '0' },
  },
});

/** The timeout of a mutant. A mutant takes some milliseconds, so this is a hang, even on a busy machine. */
const HANG_SECONDS = 20;
const PROGRESS_SECONDS = 30;

if (values.help) console.log(HELP);
else if (values.replay !== undefined) await replay(values.replay, Number(values['run-seed']));
else process.exitCode = (await fuzz()) > 0 ? 1 : 0;

async function replay(file: string, seed: number): Promise<void> {
  const bytes = new Uint8Array(readFileSync(file));
  try {
    console.log(await run(bytes, random(seed)));
  } catch (error) {
    console.error(error);
    const small = await minimize(bytes, seed);
    writeFileSync(`${file}.small`, small);
    console.log(
      `${small.length} of ${bytes.length} bytes do the same: ${file}.small\n${Buffer.from(small).toString('base64')}`,
    );
  }
}

/** Runs processes one after the other until the time has elapsed. Returns the number of findings. */
async function fuzz(): Promise<number> {
  const out = values.out ?? mkdtempSync(join(tmpdir(), 'decidable-fuzz-'));
  mkdirSync(out, { recursive: true });
  const end = Date.now() + Number(values.seconds) * 1000;
  const seed = Number(values.seed);
  console.log(`seed ${seed}, findings go to ${out}`);
  let findings = 0;
  for (let process = 0; Date.now() < end; process++) {
    const mutants = spawnMutants(seed + process, end, out);
    const ended = await watched(mutants.child, mutants.current);
    findings += ended.findings;
    if (ended.how === 'done') continue;
    findings++;
    const saved = join(out, `${ended.how}-${seed + process}.wasm`);
    if (existsSync(mutants.current)) writeFileSync(saved, readFileSync(mutants.current).subarray(8));
    console.error(`a mutant made the process ${ended.how}: ${saved}, run seed ${runSeedOf(mutants.current)}`);
  }
  console.log(`${findings} findings`);
  return findings;
}

/**
 * Returns the seed of the current mutant's arguments. The file holds the seed, four unused bytes and the mutant. It may
 * be missing.
 */
function runSeedOf(current: string): number {
  const bytes = existsSync(current) ? readFileSync(current) : Buffer.alloc(0);
  return bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
}

function spawnMutants(seed: number, end: number, out: string): { child: ChildProcess; current: string } {
  const current = join(out, 'current.bin');
  const script = new URL('./mutants.ts', import.meta.url).pathname;
  const flags = [...process.execArgv, '--disable-warning=ExperimentalWarning'];
  const args = [script, String(seed), String(end), out, current];
  const child = spawn(process.execPath, [...flags, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { child, current };
}

interface Ended {
  readonly how: 'done' | 'hang' | 'crash';
  readonly findings: number;
}

interface Progress {
  readonly count: number;
  readonly findings: number;
  readonly outcomes: object;
}

function watched(child: ChildProcess, current: string): Promise<Ended> {
  let progress: Progress = { count: 0, findings: 0, outcomes: {} };
  let last = { seed: -1, at: Date.now() };
  let shown = Date.now();
  child.on('message', (message) => {
    progress = message as Progress;
  });
  return new Promise((resolve) => {
    const watch = setInterval(() => {
      const seed = runSeedOf(current);
      if (seed !== last.seed) last = { seed, at: Date.now() };
      else if (Date.now() - last.at > HANG_SECONDS * 1000) {
        finish('hang');
        child.kill('SIGKILL');
      }
      if (Date.now() - shown > PROGRESS_SECONDS * 1000) {
        shown = Date.now();
        console.log(`${progress.count} mutants, ${progress.findings} findings`, JSON.stringify(progress.outcomes));
      }
    }, 1000);
    const finish = (how: Ended['how']): void => {
      clearInterval(watch);
      resolve({ how, findings: progress.findings });
    };
    child.on('exit', (code) => {
      finish(code === 0 ? 'done' : 'crash');
    });
  });
}
