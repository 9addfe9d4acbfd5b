/** Runs items concurrently, except that items of one key run in order. */
import type { Item } from './processor.ts';

/** Runs items of one key in order, and up to `width` keys at the same time. */
export async function inLanes<One extends Item>(
  items: readonly One[],
  width: number,
  run: (item: One) => void | Promise<void>,
  isEnded: () => boolean,
): Promise<void> {
  const lanes = new Map<string, One[]>();
  for (const item of items) {
    const lane = lanes.get(item.key);
    if (lane === undefined) lanes.set(item.key, [item]);
    else lane.push(item);
  }
  const waiting = lanes.values();
  const worker = async (): Promise<void> => {
    for (const lane of waiting) {
      for (const item of lane) {
        if (isEnded()) return;
        await run(item);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, lanes.size) }, worker));
}
