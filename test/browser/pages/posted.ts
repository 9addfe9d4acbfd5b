/** Compiles a component and posts it to a worker, which reports the result. */
import { compile } from 'decidable/component';
import { params } from '../outcome.ts';

/**
 * The part of the browser's workers that this page uses. It is declared here because the rest of the repository has no
 * DOM.
 */
declare const Worker: new (
  url: string,
  options: { readonly type: 'module' },
) => { postMessage(message: unknown): void };

const component = await compile(fetch('/bank.wasm'));
new Worker(`/posted-worker.js?${params}`, { type: 'module' }).postMessage(component.toPostable());
