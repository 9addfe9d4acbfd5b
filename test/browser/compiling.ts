/** Observes in a page when core modules are passed to the engine. */

/** The engine's API in a page, declared here because the rest of the repository has no DOM. */
declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> };

/** Calls `onModule` whenever the engine begins to compile a module while `action` is running. */
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
