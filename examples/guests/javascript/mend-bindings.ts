/**
 * Mends the bindings that componentize-js 0.23 generates. Import this before componentize-js.
 *
 * 1. *Handles that come back* (`own` parameters). The generated code forgets the wrong entry of its own table, and keeps
 *    the handle: each call of `evolve` takes one more place in the guest's table, until that is full and the guest traps.
 *    It cannot drop the handle either, since the destructor is another call of the guest, which its engine refuses within
 *    a call. So what came back is held, and the next resource that goes out goes out under that handle: a state that is
 *    folded keeps its place.
 * 2. *Calls that wait for nothing.* Every function is generated as asynchronous, which costs the interpreter as much as
 *    the decision. A decider is synchronous, so the call is done when it returns.
 * 3. *What an interpreter feels*: strings are counted unit by unit before they are encoded, each call asks twice whether it
 *    is being debugged, methods go through `call`.
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
    const mending = WRITTEN.replace('jsBindings', 'mended(jsBindings)');
    const imported = `import { mended } from ${JSON.stringify(import.meta.url)};\n`;
    return { ...loaded, source: imported + source.replace(WRITTEN, () => mending) };
  },
});

/** What the mended bindings call. `repTable` and `repCnt` are theirs: the guest's objects by their representation. */
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
 * What is generated, and what takes its place: everywhere, and at least once. `«name»` stands for any name, the same each
 * time; `«…»` for any text. Blanks and line ends count as one.
 */
const MENDS: readonly (readonly [generated: string, mend: string])[] = [
  // An own handle comes in.
  [
    `var «object» = repTable.get(«representationOf»(«handle»)).rep;
     repTable.delete(«handle»);
     delete «object»[symbolRscHandle];
     finalizationRegistry_«type».unregister(«object»);`,
    'var «object» = takeBack(«handle», «representationOf», held_«type»);',
  ],
  // An own handle goes out.
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
  // The host has dropped it. Nothing has to wait until an object is collected: the table holds them all.
  ['delete resource[symbolRscHandle]; finalizationRegistry_«type».unregister(resource);', ''],
  [
    'const finalizationRegistry_«type» = new FinalizationRegistry((handle) => { «drop»(handle); });',
    'const held_«type» = [];',
  ],
  // The engine wants a promise of every call, and looks at what it holds where the call gives one number.
  ['async function export_«name»(', 'function export_«name»('],
  ['await ', ''],
  ['return;', 'return done;'],
  ['resource[symbolDispose](); }', 'resource[symbolDispose](); return done; }'],
  ['return handle«number»; }', 'return Promise.resolve(handle«number»); }'],
  ["_debugLog('«…»);", ''],
  // What the engine wrote in JavaScript is interpreted too: `call`, and taking an array apart, which iterates.
  ['«type».prototype.«method».call(«object»)', '«object».«method»()'],
  ['var [«first», «second»] = «tuple»;', 'var «first» = «tuple»[0], «second» = «tuple»[1];'],
  ['function _utf8AllocateAndEncode(«…»return res; }', ''],
];

/** The bindings as they should be. @throws Error where they are not what 0.23 generates for the world `command-handler`. */
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
