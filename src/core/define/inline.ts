/** `inline`: a read model that is updated in the transaction of each append. */
import { DefinitionError } from '../errors.ts';

/** The original read model of each copy that `inline` has returned. */
const INLINE = new WeakMap<object, object>();

/** The original module of each copy that has the same meaning. */
const COPIES = new WeakMap<object, object>();

/** Records that a module is a copy with the same meaning, so that `readModel(original)` finds it. Returns the copy. */
export function copyOfModel<Copy extends object>(original: object, copy: Copy): Copy {
  COPIES.set(copy, original);
  return copy;
}

/**
 * Marks a read model of a system as inline. Its documents or rows are written in the transaction of each append, so
 * that a read after `dispatch` shows the effects of the command. If it cannot process an event, the command fails, and
 * nothing is stored.
 *
 * Each command of the system waits for the read model, and all processes that write share one lock. Use an inline read
 * model for data that must be current immediately, and `caughtUp(result.position)` for everything else. Only the SQLite
 * store has this capability.
 *
 * ```ts
 * const bank = defineSystem({ name: 'bank', deciders: [account], readModels: [inline(balances), statements] });
 * await running.dispatch(account.commands.Deposit({ accountId: '0001', amount: 1250 }));
 * await running.readModel(balances).get('0001');
 * ```
 *
 * @throws DefinitionError if the argument is not a read model.
 */
export function inline<Model extends object>(model: Model): Model {
  if (typeof model !== 'object' || model === null || !('projector' in model || 'reader' in model)) {
    throw new DefinitionError('inline', 'expected a read model, made by defineProjector or defineTables');
  }
  const marked = Object.create(Object.getPrototypeOf(model), Object.getOwnPropertyDescriptors(model)) as Model;
  INLINE.set(marked, model);
  return marked;
}

export function isInline(model: object): boolean {
  return INLINE.has(model);
}

/** Returns the original of a read model that `inline` marked. Any other read model is returned unchanged. */
export function withoutInline<Model extends object>(model: Model): Model {
  return (INLINE.get(model) as Model | undefined) ?? model;
}

/** Returns whether two read models are the same one. Each of them may be inline or not. */
export function isSameModel(one: object, other: object): boolean {
  return originalOf(one) === originalOf(other);
}

function originalOf(model: object): object {
  const plain = withoutInline(model);
  return COPIES.get(plain) ?? plain;
}
