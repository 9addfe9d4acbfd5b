/** `npm run build`: removes `dist/`, and compiles `src/` to it with the TypeScript compiler alone. */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit', shell: false });
if (status === 0) chmodSync(new URL('../dist/adapters/cli/bin.js', import.meta.url), 0o755);
process.exit(status ?? 1);
