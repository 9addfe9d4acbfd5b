/** A store that the configuration opens. */
import { defineConfig } from 'decidable/cli';
import { createMemoryStore } from 'decidable/memory';
import { bank } from './system.ts';

export default defineConfig({ system: bank, store: () => createMemoryStore() });
