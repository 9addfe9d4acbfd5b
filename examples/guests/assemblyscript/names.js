/**
 * A transform of the AssemblyScript compiler. The compiler's exports are identifiers, and the names of the canonical
 * ABI are not. So the transform renames each export to the name in this table.
 */
import { Transform } from 'assemblyscript/transform';

const TYPES = 'decidable:eventsourcing/types@0.1.0#';
const DECIDER = 'decidable:eventsourcing/decider@0.1.0#';
const ROUTING = 'decidable:eventsourcing/routing@0.1.0#';

const names = {
  commandFromEnvelope: `${TYPES}[static]command.from-envelope`,
  commandToEnvelope: `${TYPES}[method]command.to-envelope`,
  commandDrop: `${TYPES}[dtor]command`,
  eventFromEnvelope: `${TYPES}[static]event.from-envelope`,
  eventToEnvelope: `${TYPES}[method]event.to-envelope`,
  eventDrop: `${TYPES}[dtor]event`,
  stateFromBytes: `${TYPES}[static]state.from-bytes`,
  stateToBytes: `${TYPES}[method]state.to-bytes`,
  stateDrop: `${TYPES}[dtor]state`,
  initialState: `${DECIDER}initial-state`,
  evolve: `${DECIDER}evolve`,
  decide: `${DECIDER}decide`,
  describe: `${ROUTING}describe`,
  streamId: `${ROUTING}stream-id`,
};

/** Functions whose result is in memory, and is freed by a second call. */
const posted = Object.keys(names).filter((name) => !name.endsWith('Drop') && name !== 'initialState');

export default class extends Transform {
  afterCompile(module) {
    const rename = (from, to) => {
      module.removeExport(from);
      module.addFunctionExport(`assembly/contract/${from}`, to);
    };
    for (const [from, to] of Object.entries(names)) rename(from, to);
    for (const from of posted) module.addFunctionExport('assembly/contract/release', `cabi_post_${names[from]}`);
    rename('reallocate', 'cabi_realloc');
    module.removeExport('release');
  }
}
