/**
 * Guests that cannot process some messages: the counting guest (test/adapters/component/host/counting-guest.ts), whose
 * functions trap, loop without end or return a fault, depending on the length of the payload.
 */
import {
  type ComponentCommandHandler,
  type ComponentProcessManager,
  type ComponentReadModel,
  loadModule,
  type ModuleWorldName,
} from 'decidable/component/host';
import { coreText, countingGuest } from '../../adapters/component/host/counting-guest.ts';

/** The length of the payload that makes a guest fail, by the kind of the failure. */
export const POISON = { trap: 22, fuel: 24, fault: 26 } as const;

/** Guests that do not fail have the same names and behave in the same way otherwise. */
export type Health = 'ill' | 'healthy';

const BUDGET = { fuel: 100_000, callDepth: 100 };

/** Functions that fail for messages of these lengths. */
const FAILURES = `
    (func $poison (param $length i32)
      (if (i32.eq (local.get $length) (i32.const ${POISON.trap})) (then unreachable))
      (if (i32.eq (local.get $length) (i32.const ${POISON.fuel})) (then (loop (br 0)))))
    (func $fault (result i32)
      (call $clear) (i32.store8 (i32.const 0) (i32.const 1)) (call $text (i32.const 4)) (call $text (i32.const 12))
      (i32.const 0))
    (func (export "cabi_realloc")`;

/** Fails before the rest of a function. @param release drops the handles that the function owns. */
function failing(health: Health, length: string, release = ''): string {
  if (health === 'healthy') return '';
  return `(call $poison ${length})
    (if (i32.eq ${length} (i32.const ${POISON.fault})) (then ${release} (return (call $fault))))`;
}

const CONTEXT = '(param i32 i32 i32 i32 i32 i32 i64 i64 i64 i32 i32 i32 i32)';

/** Messages with an even length have the key "count", the others "other". */
function withTwoKeys(core: string): string {
  return core.replace(
    '(call $text (i32.const 4))))\n      (i32.const 0))',
    `(call $text (i32.const 4))
       (if (i32.and (local.get 0) (i32.const 1)) (then (i32.store (i32.const 4) (i32.const 264))))))
      (i32.const 0))`,
  );
}

/** The event sources and the commands of other modules have separate names: "guard" and "tally". */
function prepared(world: ModuleWorldName): string {
  return coreText(world)
    .replace(
      '(data (i32.const 256) "count")',
      '(data (i32.const 256) "count") (data (i32.const 264) "other") (data (i32.const 272) "guard") (data (i32.const 280) "tally")',
    )
    .replace('(func (export "cabi_realloc")', FAILURES);
}

/** The name of a process manager or a read model is "guard". */
const named = (core: string): string =>
  core.replace(
    '(call $clear) (call $text (i32.const 0)) (call $text (i32.const 8)) (call $text (i32.const 16))',
    '$& (i32.store (i32.const 0) (i32.const 272))',
  );

/** A process manager that cancels the deadline "count" at each event. */
export async function processManager(health: Health): Promise<ComponentProcessManager> {
  const core = named(withTwoKeys(prepared('process-manager')));
  const ill = core.replace(`#handle") ${CONTEXT} (result i32)`, `$& ${failing(health, '(local.get 1)')}`);
  return loadModule(await countingGuest('process-manager', ill), { world: 'process-manager', budget: BUDGET });
}

/** A process manager that sends a command with the payload's length to the decider "tally". */
export async function dispatchingManager(): Promise<ComponentProcessManager> {
  const core = named(withTwoKeys(prepared('process-manager')))
    .replace(
      `(i32.store8 (i32.const 512) (i32.const 2)) (call $text (i32.const 520))`,
      `(i32.store8 (i32.const 512) (i32.const 0))
       (call $text (i32.const 520)) (i32.store (i32.const 520) (i32.const 280))
       (i32.store (i32.const 528) (i32.const 1))
       (i32.store (i32.const 532) (i32.const 640)) (i32.store (i32.const 536) (local.get 1))`,
    )
    // The list of commands.
    .replace(
      '(i32.store (i32.const 36) (i32.const 544))',
      `(call $text (i32.const 600)) (i32.store (i32.const 600) (i32.const 280))
       (i32.store (i32.const 44) (i32.const 600)) (i32.store (i32.const 48) (i32.const 1)) $&`,
    );
  return loadModule(await countingGuest('process-manager', core), { world: 'process-manager', budget: BUDGET });
}

/** A read model that counts the events of each key. It traps when it reads the poison. */
export async function readModelThatCannotRead(): Promise<ComponentReadModel> {
  const core = countingModel().replace(
    '#[static]event.from-envelope") (param i32 i32 i32 i32 i32) (result i32)',
    '$& (call $poison (local.get 4))',
  );
  return loadModule(await countingGuest('read-model', core), { world: 'read-model', budget: BUDGET });
}

function countingModel(): string {
  return named(withTwoKeys(prepared('read-model'))).replace(
    '(local.get $count) (i32.const 3)',
    '(local.get $count) (i32.const 99)',
  );
}

/** A read model that counts the events of each key. */
export async function readModel(health: Health): Promise<ComponentReadModel> {
  const core = countingModel().replace(
    `#project") ${CONTEXT} (result i32) (local $count i32)`,
    `$& ${failing(health, '(local.get 1)', '(call $drop-state (local.get 0))')}`,
  );
  return loadModule(await countingGuest('read-model', core), { world: 'read-model', budget: BUDGET });
}

/** The decider "tally": its event has the payload's length of its command. */
export async function decider(health: Health): Promise<ComponentCommandHandler> {
  const core = prepared('command-handler')
    .replace('(data (i32.const 256) "count")', '(data (i32.const 256) "tally")')
    .replace(
      '#[static]command.from-envelope") (param i32 i32 i32 i32 i32) (result i32)',
      `$& ${failing(health, '(local.get 4)')}`,
    );
  return loadModule(await countingGuest('command-handler', core), { budget: BUDGET });
}
