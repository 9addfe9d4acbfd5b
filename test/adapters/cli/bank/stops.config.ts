/** The bank whose processors stop at an event that they cannot process. The configuration has its own hooks. */
import { defineConfig } from 'decidable/cli';
import { bank } from './system.ts';

export default defineConfig({
  system: bank,
  start: {
    failurePolicy: { retries: 0, finally: 'stop' },
    observer: { stopped: ({ subscription }) => console.error(`observed ${subscription.name}`) },
  },
});
