/** A whole system of components, and a system whose store is part of the page. */
import { report } from '../outcome.ts';
import { systemStoryOf } from '../system-story.ts';

/** The engine's API in a page, declared here because the rest of the repository has no DOM. */
declare const WebAssembly: { readonly Suspending?: unknown };

// The event sourcer, a component, waits for the promises of the store.
void report(async () =>
  WebAssembly.Suspending === undefined
    ? 'cannot wait'
    : { ofComponents: await systemStoryOf([]), withAStoreInThePage: await systemStoryOf(['store']) },
);
