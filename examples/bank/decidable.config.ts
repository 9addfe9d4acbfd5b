/** The bank for the command line: `npx decidable describe` in this folder. */
export { bank as default } from './system.ts';
