/** *Explainer.md*, "JS API": converts the names of the component model to JavaScript names. */
import { memoizeByName } from './engine/name-cache.ts';

/** Returns the JavaScript name of a function, field or flag: `takeBorrow` for `take-borrow`. */
export const toCamelCase: (name: string) => string = memoizeByName((name) => {
  const [first = '', ...rest] = name.split('-');
  return rest.reduce((text, word) => text + capitalized(word), first.toLowerCase());
});

/** Returns the JavaScript name of a resource type: `InputStream` for `input-stream`. */
export function toPascalCase(name: string): string {
  return name.split('-').map(capitalized).join('');
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}
