/** `decidable/cli`: the types of the command line's configuration file. */
export { type Config, type ConfigSystem, defineConfig, type StoreAccess } from './config.ts';
