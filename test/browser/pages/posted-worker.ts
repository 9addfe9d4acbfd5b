/** Receives a component, and instantiates it without compiling. */
import { fromPostable, instantiate, type PostableComponent } from 'decidable/component';
import { watchingTheEngine } from '../compiling.ts';
import { report } from '../outcome.ts';

/** The part of a worker that this script uses. It is declared here because the rest of the repository has no DOM. */
declare const addEventListener: (type: 'message', listener: (event: { readonly data: unknown }) => void) => void;

const received = new Promise<PostableComponent>((resolve) => {
  addEventListener('message', ({ data }) => resolve(data as PostableComponent));
});

void report(async () => {
  let compiled = 0;
  const { exports } = await watchingTheEngine(
    () => compiled++,
    async () => instantiate(fromPostable(await received)),
  );
  return { exports: Object.keys(exports), compiled };
});
