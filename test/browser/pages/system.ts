/** A whole system of components that are linked to one another, and a system whose store is part of the page. */
import { report } from '../outcome.ts';
import { systemStoryOf } from '../system-story.ts';

/** The engine's API in a page, declared here because the rest of the repository has no DOM. */
declare const WebAssembly: { readonly Suspending?: unknown };

void report(async () => ({
  ofComponents: await systemStoryOf([]),
  // The event sourcer, a component, waits for the promises of the store.
  withAStoreInThePage: WebAssembly.Suspending === undefined ? 'cannot wait' : await systemStoryOf(['store']),
}));
