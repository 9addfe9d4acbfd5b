/** Starts the script of another page in a worker, which reports to the test itself. */
import { params } from '../outcome.ts';

/** The API of workers, declared here because the rest of the repository has no DOM. */
declare const Worker: new (url: string, options: { readonly type: 'module' }) => object;

new Worker(`/${params.get('script')}.js?${params}`, { type: 'module' });
