/** *Explainer.md*, "JS API": the names of the component model as JavaScript writes them. */
import { memoizeByName } from './engine/name-cache.ts';

/** The name under which JavaScript sees a function, field or flag: `take-borrow` is `takeBorrow`. */
export const toCamelCase: (name: string) => string = memoizeByName((name) => {
  const [first = '', ...rest] = name.split('-');
  return rest.reduce((text, word) => text + capitalized(word), first.toLowerCase());
});

/** The name under which JavaScript sees a resource type: `input-stream` is `InputStream`. */
export function toPascalCase(name: string): string {
  return name.split('-').map(capitalized).join('');
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}
