/** Installs the built package in `node_modules` of a separate folder, next to the packages of this repository. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A project of a user. */
export interface Project {
  readonly folder: string;
  /** Writes files of the project, by their paths. */
  write(files: Readonly<Record<string, string>>): void;
  /** Reads a file of the project. */
  read(path: string): string;
  /** Runs a program of `node_modules`, or `node`. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Run;
}

/** A program that has ended. */
export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Installation {
  /** Packages of this repository that are not installed. */
  readonly without?: readonly string[];
  /** The files of the package, except the build. */
  readonly files?: readonly string[];
}

/**
 * Creates a project in which the package is installed, with all packages of this repository except those in `without`.
 */
export function installedProject({ without = [], files = ['package.json'] }: Installation = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-installed-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const project: Project = {
    folder,
    write(files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), content);
      }
    },
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    run(command, args, env = {}) {
      // The variables of this test's own runner must not reach the programs.
      const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, FORCE_COLOR: _color, ...inherited } = process.env;
      const program = command === 'node' ? process.execPath : join(ROOT, 'node_modules/.bin', command);
      const path = `${dirname(process.execPath)}:${inherited.PATH}`; // The programs run on this Node.
      const run = spawnSync(program, args, {
        cwd: folder,
        encoding: 'utf8',
        env: { ...inherited, PATH: path, NO_COLOR: '1', ...env },
      });
      assert.equal(run.error, undefined);
      return run;
    },
  };
  const modules = join(folder, 'node_modules');
  for (const name of packagesOf(ROOT).filter((name) => !without.includes(name))) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const installed = join(modules, 'decidable');
  for (const path of files) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(join(ROOT, path), join(installed, path));
  }
  cpSync(buildFolder(project), join(installed, 'dist'), { recursive: true });
  project.write({ 'package.json': '{ "type": "module" }' });
  return project;
}

function packagesOf(root: string): readonly string[] {
  return readdirSync(join(root, 'node_modules')).flatMap((name) => {
    if (name.startsWith('.')) return [];
    return name.startsWith('@')
      ? readdirSync(join(root, 'node_modules', name)).map((part) => `${name}/${part}`)
      : [name];
  });
}

let built: string | undefined;

/** The package is built once for all projects of a test file. */
function buildFolder(project: Project): string {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), 'decidable-built-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const { status, stdout } = project.run('tsc', ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', folder]);
  assert.equal(status, 0, stdout);
  return (built = folder);
}
