/** Reports the result of a page to the test, once. */

/** The browser's API, declared here because the rest of the repository has no DOM. */
declare const location: { readonly search: string };

/** The parameters in the address of the page, which the test has chosen. */
export const params: URLSearchParams = new URLSearchParams(location.search);

/** Runs the code of the page, and reports its result to the test. */
export async function report(story: () => Promise<unknown>): Promise<void> {
  const outcome = await story().catch((error: unknown) => ({ defect: String(error), stack: (error as Error).stack }));
  await fetch(`/outcome/${params.get('visit')}`, { method: 'POST', body: JSON.stringify(outcome) });
}
