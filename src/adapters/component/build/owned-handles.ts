/**
 * Corrects how a guest of componentize-qjs 0.4 receives an owned handle, such as the state that `evolve` consumes.
 *
 * The canonical ABI passes an owned resource as an index of the guest's handle table. The engine uses this index as the
 * resource's representation (`push_own` in its `call.rs`). So it finds a wrong object or no object, and it never
 * removes the entry from the table. The bindings receive a borrowed resource correctly, as its representation. This
 * file therefore changes each call of `push_own` in the bindings into three calls:
 *
 * 1. `resource.rep` returns the representation of the handle.
 * 2. `push_borrow` passes the object with this representation to JavaScript.
 * 3. `resource.drop` removes the entry from the handle table, and the engine releases the object.
 *
 * docs/guides/build.md has the report for the authors of the engine.
 */
import { moduleInterface } from '../binary/core-module.ts';
import { Reader } from '../binary/reader.ts';
import { Additions, I32 } from '../host/metering/additions.ts';
import { Cursor, unsignedBytes } from '../host/metering/cursor.ts';
import { FunctionTypes } from '../host/metering/function-types.ts';
import { Op, skipImmediates } from '../host/metering/instructions.ts';
import { concat, Section, Sections } from '../host/metering/sections.ts';
import { spacesOf } from '../host/metering/spaces.ts';

const HEADER_LENGTH = 8;
/** The sections of a component that contain other binaries. Source: *Binary.md*, "Component Definitions". */
const ComponentSection = { coreModule: 1, component: 4 } as const;

/** The functions that the corrected bindings call. A suffix is sufficient, because a prefix names the interface. */
const IMPORTS = {
  pushOwn: 'wit_dylib_push_own',
  pushBorrow: 'wit_dylib_push_borrow',
  representation: '[resource-rep]state',
  drop: '[resource-drop]state',
} as const;

type ImportIndices = { readonly [Name in keyof typeof IMPORTS]: number };

/**
 * Returns the component with corrected bindings.
 * @returns undefined if the component has no bindings of the expected form.
 */
export function consumeOwnedHandles(component: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  let corrected = 0;
  const binary = rewritten(component, (module) => {
    const imports = importIndices(module);
    if (imports === undefined) return module;
    corrected++;
    return correct(new Sections(module), imports);
  });
  return corrected === 1 ? binary : undefined;
}

/** Replaces the core modules of a component and of the components in it. */
function rewritten(component: Uint8Array, replace: (module: Uint8Array) => Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks: (Uint8Array | readonly number[])[] = [component.subarray(0, HEADER_LENGTH)];
  const cursor = new Cursor(component, HEADER_LENGTH);
  while (cursor.at < component.length) {
    const id = cursor.byte();
    const length = cursor.unsigned();
    const old = component.subarray(cursor.at, cursor.at + length);
    cursor.skip(length);
    let content = old;
    if (id === ComponentSection.coreModule) content = replace(old);
    else if (id === ComponentSection.component) content = rewritten(old, replace);
    chunks.push([id, ...unsignedBytes(content.length)], content);
  }
  return concat(chunks);
}

/** Returns the indices of the functions that a module of bindings imports, or undefined for another module. */
function importIndices(module: Uint8Array): ImportIndices | undefined {
  const { imports } = moduleInterface(new Reader(new Uint8Array(module)));
  const functions = imports.filter(({ type }) => type.kind === 'func').map(({ name }) => name);
  const found = Object.entries(IMPORTS).map(([key, name]) => [key, functions.indexOf(name)] as const);
  return found.every(([, index]) => index >= 0) ? (Object.fromEntries(found) as ImportIndices) : undefined;
}

function correct(sections: Sections, imports: ImportIndices): Uint8Array {
  const types = new FunctionTypes(sections);
  const additions = new Additions(types, spacesOf(sections));
  const call = (index: number): readonly number[] => [Op.call, ...unsignedBytes(index)];
  // The parameters are the call's context, the resource type and the handle.
  const [context, resource, handle] = [0, 1, 2].map((index) => [Op.localGet, index]) as [number[], number[], number[]];
  const pushOwn = additions.call('push own', () => ({
    params: [3, I32, I32, I32],
    results: [0],
    locals: [0],
    code: [
      ...[...context, ...resource, ...handle, ...call(imports.representation), ...call(imports.pushBorrow)],
      ...[...handle, ...call(imports.drop)],
    ],
  }));
  const bodies: Uint8Array[] = [];
  for (const cursor of sections.elements(Section.code)) {
    const length = cursor.unsigned();
    const body = cursor.bytes.subarray(cursor.at, cursor.at + length);
    cursor.skip(length);
    const changed = withCalls(body, imports.pushOwn, pushOwn);
    bodies.push(concat([unsignedBytes(changed.length), changed]));
  }
  additions.addTo(sections);
  sections.replace(Section.code, additions.code(bodies.length, bodies));
  return sections.module();
}

/** Replaces the calls of a function in a function body. */
function withCalls(body: Uint8Array, callee: number, replacement: readonly number[]): Uint8Array {
  const chunks: (Uint8Array | readonly number[])[] = [];
  const cursor = new Cursor(body);
  cursor.repeat(() => {
    cursor.skipNumber(); // The number of locals of a type.
    cursor.skipValueType();
  });
  let copied = 0;
  while (cursor.at < body.length) {
    const start = cursor.at;
    const op = cursor.byte();
    if (op !== Op.call) skipImmediates(cursor, op);
    else if (cursor.unsigned() === callee) {
      chunks.push(body.subarray(copied, start), replacement);
      copied = cursor.at;
    }
  }
  chunks.push(body.subarray(copied));
  return concat(chunks);
}
