import { defineConfig } from 'decidable/cli';
import { bank } from './system.ts';

export default defineConfig({ system: bank, start: { failurePolicy: { retries: 0, finally: 'stop' } } });
