import type { SubscriptionId } from './processor-store.ts';

/** Returns the prefix of the tables of one version of a read model: `statements@1/`. */
export function tablePrefix({ name, version }: SubscriptionId): string {
  return `${name}@${version}/`;
}
