/**
 * `npm run check`: types, lint, the build, and the package as others will install it. Runs every step and says at the end
 * which failed; `npm run check -- types lint` runs only the steps that are named.
 */
import { spawnSync } from 'node:child_process';

const steps: Readonly<Record<string, readonly string[]>> = {
  types: ['tsc', '-p', '.'],
  lint: ['biome', 'check', '--error-on-warnings'],
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
  console.error(`unknown step: ${unknown.join(', ')}. There are: ${Object.keys(steps).join(', ')}`);
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
