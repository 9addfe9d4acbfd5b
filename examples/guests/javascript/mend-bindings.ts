/**
 * Corrects the bindings that componentize-js 0.23 generates. Import this file before componentize-js.
 *
 * 1. *Returned handles* (`own` parameters). The generated code deletes the wrong entry of its own table, and keeps the
 *    handle. Each call of `evolve` uses one more entry of the guest's table, until the table is full and the guest
 *    traps. The code cannot drop the handle, because the destructor is another call of the guest, which its engine
 *    refuses within a call. So the corrected code keeps a returned handle, and reuses it for the next resource that it
 *    passes out. A state that is folded therefore keeps its entry.
 * 2. *Needlessly asynchronous calls.* Every function is generated as asynchronous, which costs the interpreter as much
 *    as the decision. A decider is synchronous, so the corrected calls are synchronous too.
 * 3. *Code that is slow in an interpreter.* Strings are counted unit by unit before they are encoded, each call checks
 *    twice whether it is being debugged, and methods are called through `call`.
 */
import { registerHooks } from 'node:module';

const WRITTEN = 'await writeFile(initializerPath, jsBindings);';

/**
 * Replaces the statement that writes the bindings. Before it, the bindings are a string, so this is the only place to
 * change them.
 */
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/componentize-js/src/componentize.js')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(WRITTEN)) throw new Error(`componentize-js has changed: it has no ${WRITTEN}`);
    const mending = WRITTEN.replace('jsBindings', 'mended(jsBindings)');
    const imported = `import { mended } from ${JSON.stringify(import.meta.url)};\n`;
    return { ...loaded, source: imported + source.replace(WRITTEN, () => mending) };
  },
});

/**
 * Functions that the corrected bindings call. `repTable` and `repCnt` are in the bindings: the guest's objects by
 * representation.
 */
const SUPPORT = `
const done = Promise.resolve();

function takeBack(handle, representationOf, held) {
  const representation = representationOf(handle);
  held.push({ handle, representation });
  return repTable.get(representation).rep;
}

function giveOut(object, newHandle, held) {
  const entry = { rep: object, own: true };
  const again = held.pop();
  const representation = again === undefined ? repCnt++ : again.representation;
  repTable.set(representation, entry);
  return again === undefined ? newHandle(representation) : again.handle;
}

function _utf8AllocateAndEncode(text, realloc, memory) {
  if (typeof text !== 'string') throw new TypeError('expected a string, received [' + typeof text + ']');
  const bytes = TEXT_ENCODER_UTF8.encode(text);
  const len = bytes.length;
  if (len === 0) return { ptr: 1, len };
  const ptr = realloc(0, 0, 1, len);
  new Uint8Array(memory.buffer, ptr, len).set(bytes);
  return { ptr, len };
}
`;

/**
 * Generated code and its replacement. Each must occur at least once, and is replaced everywhere. `«name»` matches any
 * name, the same each time. `«…»` matches any text. White space matches any white space.
 */
const MENDS: readonly (readonly [generated: string, mend: string])[] = [
  // An own handle is received.
  [
    `var «object» = repTable.get(«representationOf»(«handle»)).rep;
     repTable.delete(«handle»);
     delete «object»[symbolRscHandle];
     finalizationRegistry_«type».unregister(«object»);`,
    'var «object» = takeBack(«handle», «representationOf», held_«type»);',
  ],
  // An own handle is passed out.
  [
    `let «handle» = «object»[symbolRscHandle];
     if («handle»=== undefined) {
       var «representation»= repCnt++;
       repTable.set(«representation», { rep: «object», own: true });
       «handle» = «newHandle»(«representation»);
       «object»[symbolRscHandle] = «handle»;
       finalizationRegistry_«type».register(«object», «handle», «object»);
     }`,
    'var «handle» = giveOut(«object», «newHandle», held_«type»);',
  ],
  // The host has dropped it. The table holds all objects, so that a finalization registry is not needed.
  ['delete resource[symbolRscHandle]; finalizationRegistry_«type».unregister(resource);', ''],
  [
    'const finalizationRegistry_«type» = new FinalizationRegistry((handle) => { «drop»(handle); });',
    'const held_«type» = [];',
  ],
  // The engine expects a promise from every call, and reads its value if the call returns one number.
  ['async function export_«name»(', 'function export_«name»('],
  ['await ', ''],
  ['return;', 'return done;'],
  ['resource[symbolDispose](); }', 'resource[symbolDispose](); return done; }'],
  ['return handle«number»; }', 'return Promise.resolve(handle«number»); }'],
  ["_debugLog('«…»);", ''],
  // The engine's own JavaScript is interpreted too: `call`, and array destructuring, which iterates.
  ['«type».prototype.«method».call(«object»)', '«object».«method»()'],
  ['var [«first», «second»] = «tuple»;', 'var «first» = «tuple»[0], «second» = «tuple»[1];'],
  ['function _utf8AllocateAndEncode(«…»return res; }', ''],
];

/**
 * Returns the corrected bindings.
 * @throws Error if they are not those that 0.23 generates for the world `command-handler`.
 */
export function mended(bindings: string): string {
  let text = bindings;
  for (const [generated, mend] of MENDS) {
    const before = text;
    text = text.replace(patternOf(generated), mend.replace(/«(\w+)»/g, '$<$1>'));
    if (text === before) throw new Error(`componentize-js has changed: its bindings have no ${generated}`);
  }
  return text + SUPPORT;
}

function patternOf(generated: string): RegExp {
  const known = new Set<string>();
  const source = generated
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\s+/g, '\\s+')
    .replace('«…»', '[\\s\\S]*?')
    .replace(/«(\w+)»/g, (_, name: string) => {
      if (known.has(name)) return `\\k<${name}>`;
      known.add(name);
      return `(?<${name}>[\\w$]+)`;
    });
  return new RegExp(source, 'g');
}
