/**
 * Mends what componentize-js 0.23 generates for a resource that a guest is given back (`own`): it forgets the entry whose
 * number is the handle, where it should forget the one that it has just looked up. That entry belongs to another resource,
 * which is unusable from then on. Import this before componentize-js.
 *
 * What stays as it is: the handle is not dropped, and so each call of `evolve` takes a place in the guest's table. A guest
 * whose table is full traps, and the host makes it anew.
 */
import { registerHooks } from 'node:module';

const WRITTEN = 'await writeFile(initializerPath, jsBindings);';

/** The bindings are text until they are written: this is the only place to get at them. */
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/componentize-js/src/componentize.js')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(WRITTEN)) throw new Error(`componentize-js has changed: it has no ${WRITTEN}`);
    const mending = `(${mended})(jsBindings)`;
    return { ...loaded, source: source.replace(WRITTEN, () => WRITTEN.replace('jsBindings', () => mending)) };
  },
});

function mended(bindings: string): string {
  const wrong = /(repTable\.get\((\$resource_[\w$]+\((handle\d+)\))\)\.rep;\s+)repTable\.delete\(\3\);/g;
  if (!wrong.test(bindings)) throw new Error('componentize-js has changed: its bindings need no mending');
  return bindings.replace(wrong, '$1repTable.delete($2);');
}
