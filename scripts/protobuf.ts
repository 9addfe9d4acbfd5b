/**
 * `node scripts/protobuf.ts`: generates `generated/*_pb.ts` from every `.proto` in the examples and the tests. It needs
 * `protoc` (Debian: protobuf-compiler), or the program that the variable `PROTOC` names. The results are checked in, so
 * that only a change of a `.proto` needs it.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The options for the generated code. It is TypeScript that node can strip, and its imports have extensions. */
const OPTIONS = 'target=ts,import_extension=ts,erasable_syntax=true';

for (const file of globSync('{examples,test}/**/*.proto', { exclude: (path) => path.includes('node_modules') })) {
  const out = process.argv[2] ?? join(dirname(file), 'generated');
  mkdirSync(out, { recursive: true });
  const args = ['--plugin=node_modules/.bin/protoc-gen-es', `--es_out=${out}`, `--es_opt=${OPTIONS}`];
  const run = spawnSync(process.env['PROTOC'] ?? 'protoc', [...args, `--proto_path=${dirname(file)}`, basename(file)], {
    stdio: 'inherit',
  });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) process.exit(run.status ?? 1);
  console.log(`${file} → ${out}`);
}
