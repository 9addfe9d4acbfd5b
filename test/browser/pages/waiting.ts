/** An asynchronous import, which sends a request to the server. */
import { compile, instantiate } from 'decidable/component';
import { report } from '../outcome.ts';
import { thrownBy } from '../thrown.ts';

/** The engine's API in a page, declared here because the rest of the repository has no DOM. */
declare const WebAssembly: { readonly Suspending?: unknown };

interface Guest {
  ask(question: string): Promise<string>;
}

void report(async () => {
  if (WebAssembly.Suspending === undefined) return 'the engine has no JavaScript promise integration';
  const log: string[] = [];
  const ask = async (question: string): Promise<string> => {
    log.push(question);
    const response = await fetch(`/answers?${new URLSearchParams({ question })}`);
    const answer = await response.text();
    log.push(answer);
    if (!response.ok) throw Object.assign(new Error('refused'), { payload: answer });
    return answer;
  };
  const component = await compile(fetch('/waiting.wasm'));
  const guest = (await instantiate(component, { ask })).exports as unknown as Guest;
  const answers = await Promise.all([guest.ask('Who is 山田?'), guest.ask('And Łucja?')]);
  return { answers, log, error: await thrownBy(() => guest.ask('What is the password?')) };
});
