/**
 * Guests that run away: each is the template of `decidable new`, built outside of the repository, whose `decide` is
 * changed. The amount of a deposit selects the behaviour.
 *
 * Not each language has a catastrophic regular expression. The libraries of Go and Rust do not backtrack, so the guest
 * in Rust has a small matcher of its own that does. In C, POSIX patterns with a back-reference backtrack.
 * AssemblyScript has no regular expressions. The guest in TypeScript is in
 * `test/adapters/component/build/runaway.test.ts`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEventSourcer, isCommandFailure } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { copyDecider } from '../../src/adapters/cli/templates.ts';
import { envelope } from '../adapters/component/host/bank-arbitraries.ts';
import { environment, PACKAGES_MISSING, skipGuest } from './built-guest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COMMAND_ID = '0190b0d0-0000-7000-8000-000000000001';
/** A developer sees which module failed, in which stream and on which command. */
const PLACE = [
  ['module', 'bank.account'],
  ['stream', 'account-a'],
  ['commandType', 'Deposit'],
];
const LIMITS = {
  budget: { fuel: 100_000_000, callDepth: 2_000 },
  maxMemoryBytes: 64 << 20,
  maxLiftedBytes: 8 << 20,
};

interface Runaway {
  readonly skip: string | false;
  /** The domain, and the line of its `decide` after which the behaviours are inserted. */
  readonly file: string;
  readonly line: string;
  readonly inserted: string;
  readonly appended: string;
  /** The folder of the npm packages that the build needs. */
  readonly packages?: string;
  /** Variables of the build. */
  readonly variables?: NodeJS.ProcessEnv;
  readonly output: string;
  /** The code of the trap, by the amount that causes it. */
  readonly traps: Readonly<Record<number, readonly [what: string, code: string]>>;
}

const TRAPS = {
  1: ['loops endlessly', 'fuel-exhausted'],
  2: ['recurses endlessly', 'call-depth-exhausted'],
  3: ['allocates without end', 'memory-exhausted'],
  4: ['makes a huge list', 'memory-exhausted'],
} as const;

const GUESTS = join(ROOT, 'examples/guests');

/** The compiled languages can also return a message that is too long. */
const COMPILED_TRAPS = {
  ...TRAPS,
  5: ['searches with a catastrophic regular expression', 'fuel-exhausted'],
  6: ['returns a huge message', 'lifting-exhausted'],
} as const;

const RUNAWAYS: Readonly<Record<'c' | 'rust' | 'assemblyscript' | 'go' | 'python', Runaway>> = {
  c: {
    skip: skipGuest('c'),
    file: 'bank.c',
    line: '#include <string.h>',
    inserted: `#include <regex.h>

#define decide decide_normally`,
    appended: `
#undef decide

static volatile int64_t sink;

static int64_t recurse(int64_t depth) {
  sink = depth;
  int64_t deeper = sink < 0 ? 0 : recurse(depth + 1);
  sink = deeper;
  return deeper + 1;
}

/* regcomp and regexec contain assertions, and those of the library would print to a file. */
_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *function) {
  (void)what, (void)file, (void)line, (void)function;
  __builtin_trap();
}

bool decide(const state *account, const command *command, event *events[MAX_EVENTS], size_t *count, refusal *why) {
  int64_t kind = command->message.kind == DEPOSIT ? command->message.amount : 0;
  while (kind == 1) sink++;
  if (kind == 2) sink = recurse(1);
  while (kind == 3) sink = (intptr_t)allocate(65536);
  int64_t *list = NULL;
  size_t length = 1;
  while (kind == 4) {
    length *= 2;
    list = realloc(list, length * sizeof *list);
    list[length - 1] = sink;
  }
  if (kind == 5) {
    regex_t pattern;
    sink = regcomp(&pattern, "^\\\\(a*\\\\)*\\\\1b$", 0);
    sink = regexec(&pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 0, NULL, 0);
  }
  if (kind == 6) {
    why->owns_message = true;
    return reject(why, TEXT("long"), (text){memset(allocate(1 << 24), 'x', 1 << 24), 1 << 24});
  }
  return decide_normally(account, command, events, count, why);
}
`,
    packages: GUESTS,
    output: 'bank.wasm',
    traps: COMPILED_TRAPS,
  },
  rust: {
    skip: skipGuest('rust'),
    file: 'src/bank.rs',
    line: '    pub fn decide(&self, command: &Message) -> Result<Message, Refusal> {',
    inserted: `        if command.kind == Kind::Deposit {
            run_away(command.amount)?;
        }`,
    appended: `
use std::hint::black_box;

fn recurse(depth: i64) -> i64 {
    let deeper = if black_box(depth) < 0 { 0 } else { recurse(depth + 1) };
    black_box(deeper) + 1
}

/// Matches \`^(a+)+$\` by trying each length of the first group, as a backtracking library does.
fn is_groups(text: &[u8]) -> bool {
    let most = text.iter().take_while(|byte| **byte == b'a').count();
    (1..=most).rev().any(|length| length == text.len() || is_groups(&text[length..]))
}

fn run_away(kind: i64) -> Result<(), Refusal> {
    while kind == 1 {
        black_box(kind);
    }
    if kind == 2 {
        black_box(recurse(1));
    }
    let mut kept = Vec::new();
    while kind == 3 {
        kept.push(black_box(vec![1u8; 65536]));
    }
    let mut list = Vec::new();
    while kind == 4 {
        list.push(black_box(kind));
    }
    if kind == 5 {
        let mut text = [b'a'; 64];
        text[63] = b'b';
        black_box(is_groups(&text));
    }
    if kind == 6 {
        return Err(Refusal::new("long", Box::leak("x".repeat(1 << 24).into_boxed_str())));
    }
    Ok(())
}
`,
    packages: ROOT,
    // The standard library is built once for all folders.
    variables: { CARGO_TARGET_DIR: join(GUESTS, 'rust/target') },
    output: 'bank.wasm',
    traps: COMPILED_TRAPS,
  },
  assemblyscript: {
    skip: skipGuest('assemblyscript'),
    file: 'assembly/bank.ts',
    line: 'export function decide(account: Account, command: Message): Message {',
    inserted: '  runAway(command.amount);',
    appended: `
let sink: i64 = 0;
const kept: StaticArray<u8>[] = [];
function recurse(depth: i64): i64 {
  sink += depth;
  return sink < 0 ? 0 : 1 + recurse(depth + 1);
}
function runAway(kind: i64): void {
  while (kind == 1) sink = sink ^ 1;
  if (kind == 2) recurse(1);
  while (kind == 3) kept.push(new StaticArray<u8>(65536));
  const list: i64[] = [];
  while (kind == 4) list.push(sink);
}
`,
    packages: GUESTS,
    output: 'bank.wasm',
    traps: TRAPS,
  },
  go: {
    skip: skipGuest('go'),
    file: 'account/account.go',
    line: 'func Decide(state Account, command Command) ([]Event, error) {',
    inserted: `	if deposit, ok := command.(Deposit); ok {
		if events := runAway(deposit.Amount); events != nil {
			return events, nil
		}
	}`,
    appended: `
var sink int

//go:noinline
func recurse(depth int) int {
	sink += depth
	return recurse(depth+1) + 1
}

func runAway(kind Amount) []Event {
	for kind == 1 {
		sink++
	}
	if kind == 2 {
		sink = recurse(1)
	}
	for kept := [][]byte{}; kind == 3; {
		kept = append(kept, make([]byte, 65536))
		sink += len(kept)
	}
	if kind == 4 {
		return make([]Event, 1<<26)
	}
	return nil
}
`,
    packages: ROOT,
    output: 'build/bank.wasm',
    traps: TRAPS,
  },
  python: {
    skip: skipGuest('python'),
    file: 'account.py',
    line: '    """Returns the events that the command leads to, or raises a `Rejection`."""',
    inserted: `    if isinstance(command, Deposit):
        run_away(command.amount)`,
    appended: `

def run_away(kind):
    while kind == 1:
        pass
    if kind == 2:
        run_away(2)
    if kind == 3:
        kept = []
        while True:
            kept.append(bytes(65536))
    if kind == 4:
        list(range(1 << 28))
    if kind == 5:
        re.match(r"(a+)+$", "a" * 64 + "b")
    if kind == 6:
        raise ValueError("a defect")


import re
`,
    output: 'build/bank.wasm',
    traps: {
      ...TRAPS,
      // CPython counts its own calls. Nobody catches its RecursionError, so the instance ends with a trap.
      2: ['recurses endlessly', 'trap'],
      // Of these languages, only Python searches by backtracking.
      5: ['searches with a catastrophic regular expression', 'fuel-exhausted'],
      6: ['raises an exception that nobody catches', 'trap'],
    },
  },
};

for (const [language, runaway] of Object.entries(RUNAWAYS) as ['go', Runaway][]) {
  describe(`a guest in ${language} that runs away`, { skip: runaway.skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'decidable-runaway-'));
    after(() => rmSync(folder, { recursive: true }));
    let bytes: Buffer;

    before(() => {
      copyDecider(language, folder);
      const source = join(folder, runaway.file);
      const text = readFileSync(source, 'utf8');
      assert.ok(text.includes(runaway.line), `${runaway.file} has no ${runaway.line}`);
      const changed = text.replace(runaway.line, (line) => `${line}\n${runaway.inserted}`);
      writeFileSync(source, changed + runaway.appended);
      if (runaway.packages !== undefined)
        symlinkSync(join(runaway.packages, 'node_modules'), join(folder, 'node_modules'));
      const { NODE_TEST_CONTEXT: _, ...env } = environment();
      const PATH = `${join(ROOT, 'node_modules/.bin')}:${env['PATH']}`;
      const build = spawnSync(join(folder, 'build.sh'), {
        encoding: 'utf8',
        env: { ...env, PATH, ...runaway.variables },
      });
      assert.notEqual(build.status, PACKAGES_MISSING, `a package cannot be installed: ${build.stderr}`);
      assert.equal(build.status, 0, build.stderr);
      bytes = readFileSync(join(folder, runaway.output));
    });

    for (const [amount, [what, code]] of Object.entries(runaway.traps)) {
      test(`ends with ${code} if it ${what}, stores nothing, and decides the next command`, async () => {
        const module = await loadModule(bytes, LIMITS);
        const store = createMemoryStore();
        await using sourcer = createEventSourcer({ store, modules: [module] });
        await sourcer.handleCommand(envelope('OpenAccount', { accountId: 'a', owner: 'Ada' }));
        const deposit = (value: number) => envelope('Deposit', { accountId: 'a', amount: value });
        await assert.rejects(sourcer.handleCommand(deposit(Number(amount)), { commandId: COMMAND_ID }), (error) => {
          assert.ok(isCommandFailure(error, 'trap'));
          assert.equal(error.payload.val.code, code);
          assert.deepEqual(error.payload.val.details, PLACE);
          return true;
        });
        assert.equal(await store.findDecision(COMMAND_ID), undefined);
        const { revision, events } = await sourcer.handleCommand(deposit(100));
        assert.deepEqual([revision, events.length], [1n, 1]);
        // The state was cached, so the second instance decided the command again, and the third one the next command.
        assert.deepEqual([module.statistics.instances, module.statistics.handles], [3, 1]);
      });
    }
  });
}
