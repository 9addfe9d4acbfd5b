/**
 * The subscriber of the latency benchmark: `nats-subscriber.ts <url> <name>` reports the time at which each event
 * arrives.
 */
import { createNatsStore } from '../../src/adapters/stores/nats/index.ts';
import { subscribe } from '../../src/core/processors/subscription.ts';

const [, , url = '', name = ''] = process.argv;
const store = await createNatsStore({ url, name });
const pages = subscribe(store, {});
process.send?.(0);
for await (const { events } of pages) {
  const at = performance.timeOrigin + performance.now();
  for (let count = 0; count < events.length; count++) process.send?.(at);
}
