/** Sees in a page when the engine is handed core modules. */

/** What a page has of the engine; the rest of the repository has no DOM. */
declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> };

/** Calls `onModule` whenever the engine is asked to compile something while `action` is under way. */
export async function watchingTheEngine<Result>(
  onModule: () => unknown,
  action: () => Promise<Result>,
): Promise<Result> {
  const { compile } = WebAssembly;
  WebAssembly.compile = (bytes) => {
    onModule();
    return compile(bytes);
  };
  try {
    return await action();
  } finally {
    WebAssembly.compile = compile;
  }
}
