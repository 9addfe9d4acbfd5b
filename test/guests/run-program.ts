/** Runs programs, which export `wasi:cli/run`, on the virtual WASI. */
import { type Component, instantiate } from 'decidable/component';
import { type VirtualWasiOptions, virtualWasi } from 'decidable/component/wasi';

/** Runs a program to its end. Returns its output and the exception that ended it. */
export async function runProgram(program: Component, options: VirtualWasiOptions) {
  const [out, err]: [string[], string[]] = [[], []];
  const wasi = virtualWasi({ stdout: (line) => out.push(line), stderr: (line) => err.push(line), ...options });
  wasi.setDecision({ time: 1_700_000_000_250n, seed: 'c1' });
  const { exports } = await instantiate(program, wasi.imports);
  const [, command] = Object.entries(exports).find(([name]) => name.startsWith('wasi:cli/run@')) ?? [];
  let end: unknown;
  try {
    (command as { run(): void }).run();
  } catch (error) {
    end = error;
  }
  wasi.flush();
  return { out, err, end, wasi };
}
