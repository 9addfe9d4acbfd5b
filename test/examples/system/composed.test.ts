/**
 * The system of examples/system as one component that contains the four, as composition tools create it ahead of time.
 * `instantiate` returns the gateway, and the values that pass between the parts are not visible outside.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import { compile, instantiate } from 'decidable/component';
import { account } from '../../../examples/bank/account.ts';
import { worldSource } from '../../../examples/guests/componentize.ts';
import type { Gateway } from '../../../examples/system/gateway.ts';
import { PARTS } from '../../../examples/system/options.ts';
import { composeSystem } from '../../../examples/system/system.ts';
import { dummyComponent } from '../../adapters/component/host/counting-guest.ts';

const examples = new URL('../../../examples/', import.meta.url);
const WIT = 'decidable:eventsourcing';
const MESSAGES = `${WIT}/messages@0.1.0`;
const CLOCK = 'wasi:clocks/wall-clock@0.2.0';

/** Returns the text of a component that can be nested in another one. */
async function textOf(file: string): Promise<string> {
  return print(await readFile(new URL(file, examples)));
}

/** Returns the import of an interface, with its type, from the text of a component. */
function importIn(text: string, name: string): string {
  const start = text.indexOf(`(type $ty-${name} `);
  const end = text.indexOf('\n', text.indexOf(`(import "${name}"`));
  assert.ok(start > 0 && end > start, name);
  return text.slice(start, end);
}

async function composition(): Promise<Uint8Array> {
  // A component imports the types that it uses. The parts use different ones, and this world uses all of them.
  const whole = await print(await dummyComponent(worldSource(), 'event-sourcing'));
  const [bank, store, sourcer, gateway] = await Promise.all(
    [
      'guests/rust/bank.wasm',
      'system/components/event-store.wasm',
      'system/components/event-sourcer.wasm',
      'system/components/gateway.wasm',
    ].map(textOf),
  );
  const nested = (name: string, text: string): string => text.replace('(component', `(component $${name}`);
  const from = (instance: string, ...names: string[]): string =>
    names.map((name) => `(with "${WIT}/${name}@0.1.0" (instance $${instance} "${WIT}/${name}@0.1.0"))`).join(' ');
  const messages = `(with "${MESSAGES}" (instance $${MESSAGES}))`;
  return parse(`(component
    ${importIn(whole, MESSAGES)}
    ${importIn(store!, CLOCK)}
    ${nested('Bank', bank!)} ${nested('Store', store!)} ${nested('Sourcer', sourcer!)} ${nested('Gateway', gateway!)}
    (instance $bank (instantiate $Bank ${messages}))
    (instance $store (instantiate $Store ${messages} (with "${CLOCK}" (instance $${CLOCK}))))
    (instance $sourcer (instantiate $Sourcer ${messages}
      ${from('bank', 'types', 'decider', 'routing')} ${from('store', 'event-store')}))
    (instance $gateway (instantiate $Gateway ${messages} ${from('store', 'event-store')} ${from('sourcer', 'event-sourcer')}))
    (export "decidable:system/gateway@0.1.0" (instance $gateway "decidable:system/gateway@0.1.0")))`);
}

const { OpenAccount, Deposit, Withdraw } = account.commands;
const COMMANDS = [
  Deposit({ accountId: 'a', amount: 5 }),
  OpenAccount({ accountId: 'a', owner: 'Łucja' }),
  Deposit({ accountId: 'a', amount: 700 }),
  Withdraw({ accountId: 'a', amount: 900 }),
  Withdraw({ accountId: 'a', amount: 300 }),
].map((command) => account.types.command.toEnvelope(command));

async function answersOf(gateway: Gateway): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [index, { type, payload }] of COMMANDS.entries()) {
    answers.push(await gateway.request(`/commands/${type}/c${index}`, payload));
  }
  answers.push(await gateway.request('/states/account-a', new Uint8Array()));
  return answers;
}

describe('a system in one component', () => {
  test('returns the same results as the parts in TypeScript', async () => {
    const component = await compile(await composition());
    assert.deepEqual(
      component.imports.map(({ name }) => name),
      [MESSAGES, CLOCK],
    );
    const now = () => ({ seconds: 1_700_000_000n, nanoseconds: 0 });
    const { exports } = await instantiate(component, { [CLOCK]: { now } });
    const { gateway } = await composeSystem({
      typescript: new Set(PARTS),
      guest: 'rust',
      now: () => 1_700_000_000_000,
    });
    assert.deepEqual(await answersOf(exports['decidable:system/gateway@0.1.0'] as Gateway), await answersOf(gateway));
  });
});
