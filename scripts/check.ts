/**
 * `npm run check`: types, lint, language, documentation, the build, and the package as users install it. It runs every
 * step and prints at the end which steps failed. `npm run check -- types lint` runs only the named steps.
 */
import { spawnSync } from 'node:child_process';

const steps: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc', '-p', '.'],
  lint: ['biome', 'check', '--error-on-warnings'],
  language: ['node', 'scripts/language.ts'],
  docs: ['node', 'scripts/docs.ts'],
  build: ['node', 'scripts/build.ts'],
  unused: ['knip'],
  publint: ['publint', '--strict'],
  'types as published': ['attw', '--pack', '.', '--profile', 'esm-only'],
};

const wanted = process.argv.slice(2);
if (wanted.includes('--help')) {
  console.log(`npm run check [-- step …]\nsteps: ${Object.keys(steps).join(', ')}`);
  process.exit(0);
}
const unknown = wanted.filter((step) => !(step in steps));
if (unknown.length > 0) {
  console.error(`unknown step: ${unknown.join(', ')}; the steps are: ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}

const failed: string[] = [];
for (const [step, [command = '', ...args]] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(step)) continue;
  console.log(`\n── ${step}: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) failed.push(step);
}
console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
