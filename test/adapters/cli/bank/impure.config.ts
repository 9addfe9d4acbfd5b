/** A configuration whose decider is not pure. */
import { defineConfig } from 'decidable/cli';
import { house } from '../../testing/lottery.ts';

export default defineConfig({ system: house });
