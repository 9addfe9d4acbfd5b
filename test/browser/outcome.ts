/** What a page does with what it was asked to find out: it tells the test, once. */

/** What the pages have of a browser; the rest of the repository has no DOM. */
declare const location: { readonly search: string };

/** What the test said in the page's address. */
export const params: URLSearchParams = new URLSearchParams(location.search);

/** Runs what the page is for, and tells the test what came of it. */
export async function report(story: () => Promise<unknown>): Promise<void> {
  const outcome = await story().catch((error: unknown) => ({ defect: String(error), stack: (error as Error).stack }));
  await fetch(`/outcome/${params.get('visit')}`, { method: 'POST', body: JSON.stringify(outcome) });
}
