/**
 * V8 compiles code for the shapes of the objects that it sees, and throws it away once the garbage collector finds the last
 * object of such a shape gone. All that makes a component goes when the component is ready, so that after a full
 * collection the loader would run unoptimized again: compiling takes half as long again then. The last object of each
 * class that does most of the work stays, and the code with it.
 */
const kept = new Map<unknown, object>();

/** Keeps an object, which must not hold much, until the next of its class. */
export function keepShape(object: object): void {
  kept.set(object.constructor, object);
}
