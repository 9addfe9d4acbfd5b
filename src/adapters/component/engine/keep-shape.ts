/**
 * V8 compiles code for the shapes of the objects that it sees, and discards the code when the garbage collector finds the last
 * object of such a shape gone. Everything that creates a component is garbage when the component is ready, so that the loader
 * would run unoptimized after a full collection, and compiling would take one and a half times as long. So one object of each
 * important class is kept, and the code with it. They are created again now and then, since shapes change as code warms up.
 */
export function keepingShapes(make: () => readonly object[]): () => void {
  let calls = 0;
  return () => {
    if (calls++ % 64 === 0) kept.set(make, make());
  };
}

/** The objects must not hold much memory. */
const kept = new Map<unknown, readonly object[]>();
