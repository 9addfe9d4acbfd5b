/**
 * The subscriber of the latency benchmark: `subscriber.ts <url>` reports the time at which each event arrives. It
 * exits when its parent disconnects.
 */
import { subscribe } from 'decidable';
import { createPostgresStore } from 'decidable/postgres';

const [, , url = ''] = process.argv;
process.on('disconnect', () => process.exit());
const store = await createPostgresStore({ url, readOnly: true });
const head = await store.awaitEvents(undefined);
process.send?.(0);
for await (const { events } of subscribe(store, { after: head })) {
  const at = performance.timeOrigin + performance.now();
  for (let count = 0; count < events.length; count++) process.send?.(at);
}
