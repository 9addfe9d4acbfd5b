/**
 * V8 compiles code for the shapes of the objects that it sees, and throws it away once the garbage collector finds the last
 * object of such a shape gone. All that makes a component goes when the component is ready, so that after a full
 * collection the loader would run unoptimized again: compiling takes half as long again then. An object of each class that
 * does most of the work stays, and the code with it. They are made anew now and then, since shapes change as code warms up.
 */
export function keepingShapes(make: () => readonly object[]): () => void {
  let calls = 0;
  return () => {
    if (calls++ % 64 === 0) kept.set(make, make());
  };
}

/** What is made must not hold much. */
const kept = new Map<unknown, readonly object[]>();
