/** A whole system of components that are linked to one another, and one whose store is the page's own. */
import { report } from '../outcome.ts';
import { systemStoryOf } from '../system-story.ts';

/** What the page has of the engine; the rest of the repository has no DOM. */
declare const WebAssembly: { readonly Suspending?: unknown };

void report(async () => ({
  ofComponents: await systemStoryOf([]),
  // The event sourcer, a component, waits for what the store gives: a promise.
  withAStoreInThePage: WebAssembly.Suspending === undefined ? 'cannot wait' : await systemStoryOf(['store']),
}));
