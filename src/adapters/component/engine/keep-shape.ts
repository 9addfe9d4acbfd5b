/**
 * V8 compiles code for the shapes of objects, and discards the code when the last object of a shape is collected. The
 * objects that build a component are garbage when the component is ready. After a full collection, the loader would run
 * unoptimized again, and compiling would take half as long again. So one object of each class that does most of the
 * work is kept, and the code with it. These objects are created again from time to time, because shapes change as code
 * warms up.
 */
export function keepingShapes(make: () => readonly object[]): () => void {
  let calls = 0;
  return () => {
    if (calls++ % 64 === 0) kept.set(make, make());
  };
}

/** The objects that are kept. They must not hold much memory. */
const kept = new Map<unknown, readonly object[]>();
