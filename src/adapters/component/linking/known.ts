/**
 * Recognizes the values that this loader passed to JavaScript if they are passed back as imports. The two components
 * are then linked to one another, and no value is lifted to JavaScript on the way.
 */
import type { HostCallable } from '../abi/canon-lift.ts';
import type { RuntimeResource } from '../abi/component-instance.ts';
import { privateMap } from '../engine/private-map.ts';
import type { Item } from './items.ts';

const items = privateMap<object, Item>();
const classes = privateMap<object, RuntimeResource>();
const constructors = privateMap<object, HostCallable>();

/** Marks `value` as the JavaScript value of `item`. */
export function remember(value: object, item: Item): void {
  items.set(value, item);
}

export function itemOf(value: unknown): Item | undefined {
  return isObject(value) ? items.get(value) : undefined;
}

/** Marks `value` as the class of a resource type, or with `resources: 'handles'` as its object of functions. */
export function rememberClass(value: object, resource: RuntimeResource): void {
  classes.set(value, resource);
}

export function resourceOf(value: object): RuntimeResource | undefined {
  return classes.get(value);
}

/** Records the component's function that `new` calls. */
export function rememberConstructor(value: object, construct: HostCallable): void {
  constructors.set(value, construct);
}

export function constructorOf(value: object): HostCallable | undefined {
  return constructors.get(value);
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
