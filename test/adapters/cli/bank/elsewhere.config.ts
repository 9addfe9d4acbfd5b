/** The bank whose processors keep their data in another file. */
import { defineConfig } from 'decidable/cli';
import { bank } from './system.ts';

export default defineConfig({
  system: bank,
  store: process.env['EVENTS'],
  processors: process.env['PROCESSORS'],
});
