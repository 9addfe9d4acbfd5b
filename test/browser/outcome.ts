/** Reports the result of a page to the test, once. */

/** The browser's API, declared here because the rest of the repository has no DOM. */
declare const location: { readonly search: string };

/** The parameters that the test has put into the page's address. */
export const params: URLSearchParams = new URLSearchParams(location.search);

/** Runs what the page is for, and tells the test what came of it. */
export async function report(story: () => Promise<unknown>): Promise<void> {
  const outcome = await story().catch((error: unknown) => ({ defect: String(error), stack: (error as Error).stack }));
  await fetch(`/outcome/${params.get('visit')}`, { method: 'POST', body: JSON.stringify(outcome) });
}
