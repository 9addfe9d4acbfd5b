import type { SubscriptionId } from '../../../core/processors/processor-store.ts';

/** One text for a name and a version. Texts of any content stay apart, because each follows its length. */
export function subscriptionName({ name, version }: SubscriptionId): string {
  return `${name.length}:${name}${version}`;
}
