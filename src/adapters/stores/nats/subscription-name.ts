import type { SubscriptionId } from '../../../core/processors/processor-store.ts';

/**
 * Joins a name and a version to one string. Each part follows its length, so different pairs have different strings.
 */
export function subscriptionName({ name, version }: SubscriptionId): string {
  return `${name.length}:${name}${version}`;
}
