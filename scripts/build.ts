/** `npm run build`: compiles `src/` to `dist/`, from nothing, by the TypeScript compiler alone. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit', shell: false });
process.exit(status ?? 1);
