/** The peers are in separate folders, so that installing or testing this package does not wait for them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Installs the dependencies of the package in `folder`, next to this file, and returns the path of the folder. Throws
 * if npm cannot install them.
 */
export function installed(folder: string, about: string): string {
  const path = fileURLToPath(new URL(folder, import.meta.url));
  const { dependencies } = manifest(path);
  const isInstalled = ([name, version]: [string, string]) => {
    const dependency = `${path}/node_modules/${name}`;
    return existsSync(dependency) && manifest(dependency).version === version;
  };
  if (!Object.entries(dependencies).every(isInstalled)) {
    console.log(`installing ${about}, once …`);
    const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: path, stdio: 'inherit' });
    if (install.status !== 0)
      throw new Error(`${about} could not be installed: try again, or leave it out (--no-peers)`);
  }
  return path;
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
}
