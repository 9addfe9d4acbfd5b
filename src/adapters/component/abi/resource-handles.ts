/**
 * *CanonicalABI.md*, `lift_own`, `lift_borrow`, `lower_own` and `lower_borrow`: converts between a handle in a guest's
 * table and a rep, an object or a handle in the host's table.
 */
import { toCamelCase } from '../camel-case.ts';
import type { Trap } from '../errors.ts';
import type { ResourceType } from '../types.ts';
import type { Context } from './canonical-options.ts';
import type { ComponentInstance, Handles, RuntimeResource } from './component-instance.ts';
import { show } from './javascript-values.ts';
import { borrowFromObject, guestObjects, returnToObject, takeFromObject } from './resource-objects.ts';
import type { ResourceObjects } from './resource-state.ts';
import type { Stager } from './staging.ts';
import { BORROWED, type HandleTable, LEND } from './table-state.ts';
import { WrongValue, within, wrongArgument } from './wrong-value.ts';

export function liftOwn(stager: Stager, resource: ResourceType): (cx: Context, index: number) => unknown {
  const slot = stager.slotOf(resource);
  switch (stager.representation) {
    case 'direct':
      return (cx, index) => takeOwn(cx, cx.resources[slot]!, index);
    case 'objects':
      return (cx, index) => liftOwnAsObject(cx, slot, index);
    case 'handles':
      return (cx, index) => liftOwnAsHandle(cx, slot, index);
  }
}

export function liftBorrow(stager: Stager, resource: ResourceType): (cx: Context, index: number) => unknown {
  const slot = stager.slotOf(resource);
  switch (stager.representation) {
    case 'direct':
      return (cx, index) => lendOwn(cx, cx.resources[slot]!, index);
    case 'objects':
      return (cx, index) => {
        const type = cx.resources[slot]!;
        return objectsOf(type).liftBorrow(lendOwn(cx, type, index), cx.instance.host.scope);
      };
    case 'handles':
      return (cx, index) => {
        const type = cx.resources[slot]!;
        const { scope } = cx.instance.host;
        const handles = cx.hostHandles;
        const rep = lendOwn(cx, type, index);
        if (type.impl === undefined) return objectsOf(type).liftBorrow(rep, scope);
        const handle = handles.add(type, rep, BORROWED);
        const entry = handles.entries[handle]!;
        scope.push({ release: () => void handles.remove(handle, entry) });
        return handle;
      };
  }
}

export function lowerOwn(stager: Stager, resource: ResourceType): (cx: Context, value: unknown) => number {
  const slot = stager.slotOf(resource);
  switch (stager.representation) {
    case 'direct':
      return (cx, rep) => cx.handles.add(cx.resources[slot]!, rep as number, 0);
    case 'objects':
      return (cx, value) => recordLowered(cx, lowerObject(cx, slot, true, value), value);
    case 'handles':
      return (cx, value) => recordLowered(cx, lowerHandle(cx, slot, true, value), value);
  }
}

export function lowerBorrow(stager: Stager, resource: ResourceType): (cx: Context, value: unknown) => number {
  const slot = stager.slotOf(resource);
  switch (stager.representation) {
    case 'direct':
      return (cx, rep) => addBorrow(cx, cx.resources[slot]!, rep as number);
    case 'objects':
      return (cx, value) => lowerObject(cx, slot, false, value);
    case 'handles':
      return (cx, value) => lowerHandle(cx, slot, false, value);
  }
}

// Hot paths call these functions directly, because a call through a closure would take as long as the functions
// themselves.

export function liftOwnAsObject(cx: Context, slot: number, index: number): unknown {
  const type = cx.resources[slot]!;
  return objectsOf(type).liftOwn(takeOwn(cx, type, index));
}

export function liftOwnAsHandle(cx: Context, slot: number, index: number): unknown {
  const type = cx.resources[slot]!;
  const rep = takeOwn(cx, type, index);
  return type.impl === undefined ? objectsOf(type).liftOwn(rep) : cx.hostHandles.add(type, rep, 0);
}

export function lowerHandle(cx: Context, slot: number, isOwn: boolean, value: unknown): number {
  const type = cx.resources[slot]!;
  const { hostHandles } = cx;
  const entry = hostHandles.entries[value as number];
  if (entry === undefined || entry.type !== type) return lowerForeignHandle(cx, type, isOwn, value);
  if (isOwn) {
    if (entry.info !== 0) throw wrongHostHandle(hostHandles, type, value);
    return cx.handles.add(type, hostHandles.remove(value as number, entry), 0);
  }
  if (hostHandles.isObserved) hostHandles.lend(entry);
  return cx.instance === type.impl ? entry.rep : addBorrow(cx, type, entry.rep);
}

/** Lowers a value that is not a handle in the host's table. It is a resource that the host implements, or invalid. */
function lowerForeignHandle(cx: Context, type: RuntimeResource, isOwn: boolean, value: unknown): number {
  if (type.impl !== undefined) throw wrongHostHandle(cx.hostHandles, type, value);
  return lowerHostResource(cx, type, isOwn, value);
}

function lowerHostResource(cx: Context, type: RuntimeResource, isOwn: boolean, value: unknown): number {
  const rep = type.objects!.lower!(value);
  return isOwn ? cx.handles.add(type, rep, 0) : addBorrow(cx, type, rep);
}

/** Lowers an object. It is lent only if it can be read while the call runs (see {@link HandleTable.isObserved}). */
export function lowerObject(cx: Context, slot: number, isOwn: boolean, value: unknown): number {
  const type = cx.resources[slot]!;
  if (type.impl === undefined) return lowerHostResource(cx, type, isOwn, value);
  if (isOwn) return cx.handles.add(type, takeFromObject(value, type), 0);
  const scope = cx.hostHandles.isObserved ? cx.instance.host.scope : undefined;
  return addBorrow(cx, type, borrowFromObject(value, type, scope));
}

function objectsOf(type: RuntimeResource): ResourceObjects {
  return type.objects ?? guestObjects(type);
}

function recordLowered(cx: Context, index: number, value: unknown): number {
  cx.loweredOwns?.push([index, value]);
  return index;
}

/**
 * Undoes `lower_own` for a call that failed before it started. If a call lowered several handles, undo the last one
 * first.
 */
export function undoLowerOwn({ handles, hostHandles }: Context, index: number, value: unknown): void {
  const entry = handles.entries[index]!;
  const type = entry.type!;
  const rep = handles.remove(index, entry);
  // A host that implements the resource still holds it.
  if (type.impl === undefined) return;
  if (typeof value === 'number') hostHandles.add(type, rep, 0);
  else returnToObject(value as object);
}

/** Returns the trap for an `index` that is not a handle of type `expected`. */
export function wrongHandle(instance: ComponentInstance, index: number, expected: RuntimeResource): Trap {
  const found = instance.handles.entries[index]?.type;
  if (found === undefined) return instance.trap(`unknown handle index ${index >>> 0}`);
  return instance.trap(
    `handle index ${index >>> 0} used with the wrong type: expected ${expected.name}, found ${found.name}`,
  );
}

/** Implements `lift_own`. */
function takeOwn(cx: Context, type: RuntimeResource, index: number): number {
  const { handles } = cx;
  const entry = handles.get(index, type);
  if (entry === undefined) throw wrongHandle(cx.instance, index, type);
  if (entry.info !== 0) {
    throw cx.trap(
      (entry.info & BORROWED) !== 0
        ? 'cannot lift own resource from a borrow'
        : 'cannot remove owned resource while borrowed',
    );
  }
  return handles.remove(index, entry);
}

/** Implements `lift_borrow`. */
function lendOwn(cx: Context, type: RuntimeResource, index: number): number {
  const { handles } = cx;
  const entry = handles.get(index, type);
  if (entry === undefined) throw wrongHandle(cx.instance, index, type);
  handles.lend(entry);
  return entry.rep;
}

/** Implements `lower_borrow`. The component that defines the resource receives its rep. */
function addBorrow(cx: Context, type: RuntimeResource, rep: number): number {
  const { instance } = cx;
  if (instance === type.impl) return rep;
  instance.borrows++;
  return cx.handles.add(type, rep, BORROWED);
}

/** Removes an own handle from the host's table to drop it. Returns its rep. */
export function removeHostOwn(handles: Handles, type: RuntimeResource, value: unknown): number {
  const entry = handles.entries[value as number];
  if (entry === undefined || entry.type !== type || entry.info !== 0)
    throw wrongArgument(within(wrongHostHandle(handles, type, value), 'handle'), `${toCamelCase(type.name)}.drop`);
  return handles.remove(value as number, entry);
}

function wrongHostHandle(handles: Handles, type: RuntimeResource, value: unknown): WrongValue {
  const entry = handles.entries[value as number];
  const found = entry?.type;
  const why =
    entry === undefined || found === undefined
      ? 'it is not a live handle'
      : found !== type
        ? `it is a handle of ${found.name}`
        : (entry.info & BORROWED) !== 0
          ? 'it is a borrow'
          : `it is lent to ${entry.info / LEND} calls`;
  return new WrongValue(`expected an own handle of ${type.name}, got ${show(value)}: ${why}`);
}
