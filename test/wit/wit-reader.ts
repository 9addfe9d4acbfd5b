/**
 * Reads the subset of WIT that our package uses into outlines. wasm-tools validates the WIT (see package.test.ts). This
 * reader only outlines it, and refuses unknown syntax.
 *
 * Source: Component Model, *WIT.md*.
 */
import { camelCase, type Outline, pascalCase } from './outline.ts';

const TOKEN = /\/\/[^\n]*|\s+|->|[{}()<>:;,=@./_]|%?[a-z][a-z0-9-]*|\d+\.\d+\.\d+/y;

/** The error class that represents the error type of a `result`. */
const ERRORS: Readonly<Record<string, string>> = {
  fault: 'FaultError',
  rejection: 'RejectionError',
  'append-error': 'AppendFailure',
  'store-error': 'StoreFailure',
  'command-error': 'CommandFailure',
};

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  u32: 'number',
  u64: 'bigint',
  bool: 'boolean',
};

export function readWit(name: string, text: string): Outline {
  const reader = new WitReader(tokens(text));
  return { name, lines: reader.file() };
}

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`unknown WIT at offset ${at}: ${text.slice(at, at + 30)}`);
    if (!/^(\s|\/\/)/.test(match[0])) found.push(match[0].replace(/^%/, ''));
  }
  return found;
}

class WitReader {
  readonly #tokens: readonly string[];
  #at = 0;
  readonly #lines: string[] = [];
  #resources = new Set<string>();

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
    // A resource is a type parameter in every file that uses it, whether it is declared there or taken from `types`.
    this.#resources = new Set(['command', 'event', 'state']);
  }

  file(): readonly string[] {
    this.#expect('package');
    while (this.#next() !== ';');
    while (this.#at < this.#tokens.length) {
      const keyword = this.#next();
      if (keyword === 'interface') this.#interface(this.#next());
      else if (keyword === 'world') this.#world(this.#next());
      else throw new Error(`unexpected ${keyword}`);
    }
    return this.#lines;
  }

  #interface(name: string): void {
    const functions: string[] = [];
    this.#expect('{');
    while (!this.#accept('}')) {
      const keyword = this.#next();
      if (keyword === 'use') while (this.#next() !== ';');
      else if (keyword === 'record') this.#record(pascalCase(this.#next()));
      else if (keyword === 'variant') this.#variant(pascalCase(this.#next()));
      else if (keyword === 'enum') this.#enum(pascalCase(this.#next()));
      else if (keyword === 'resource') this.#resource(this.#next());
      else functions.push(this.#function(keyword, undefined));
    }
    if (functions.length > 0) this.#lines.push(`interface ${pascalCase(name)}`, ...functions);
  }

  #record(name: string): void {
    this.#lines.push(`record ${name}`);
    for (const [field, type] of this.#list(() => this.#typed())) this.#lines.push(`  ${camelCase(field)}: ${type}`);
  }

  #variant(name: string): void {
    this.#lines.push(`variant ${name}`);
    const cases = this.#list(() => {
      const tag = this.#next();
      if (!this.#accept('(')) return tag;
      const type = this.#type();
      this.#expect(')');
      return `${tag}(${type})`;
    });
    this.#lines.push(...cases.map((line) => `  ${line}`));
  }

  #enum(name: string): void {
    this.#lines.push(`enum ${name}`, ...this.#list(() => `  ${this.#next()}`));
  }

  #resource(name: string): void {
    this.#lines.push(`resource ${pascalCase(name)}`);
    this.#expect('{');
    while (!this.#accept('}')) this.#lines.push(this.#function(this.#next(), name));
  }

  /** A method takes the handle that a static function does not. */
  #function(name: string, resource: string | undefined): string {
    this.#expect(':');
    const isStatic = this.#accept('static');
    const isAsync = this.#accept('async');
    this.#expect('func');
    this.#expect('(');
    const parameters: string[] = resource !== undefined && !isStatic ? [`${resource}: ${pascalCase(resource)}`] : [];
    while (!this.#accept(')')) {
      const [parameter, type] = this.#typed();
      parameters.push(`${camelCase(parameter)}: ${type}`);
      this.#accept(',');
    }
    const { type, throws } = this.#accept('->') ? this.#result() : { type: 'void', throws: '' };
    this.#expect(';');
    return `  ${camelCase(name)}(${parameters.join(', ')}): ${isAsync ? `Promise<${type}>` : type}${throws}`;
  }

  #result(): { readonly type: string; readonly throws: string } {
    if (!this.#accept('result')) return { type: this.#type(), throws: '' };
    this.#expect('<');
    const type = this.#accept('_') ? 'void' : this.#type();
    this.#expect(',');
    const error = this.#next();
    this.#expect('>');
    return { type, throws: ` throws ${ERRORS[error] ?? `an unknown error type: ${error}`}` };
  }

  #typed(): readonly [string, string] {
    const name = this.#next();
    this.#expect(':');
    return [name, this.#type()];
  }

  #type(): string {
    const name = this.#next();
    if (!this.#accept('<')) return PRIMITIVES[name] ?? pascalCase(name);
    const first = this.#type1();
    const parameters = [first];
    while (this.#accept(',')) parameters.push(this.#type1());
    this.#expect('>');
    if (name === 'list') return first === 'u8' ? 'Uint8Array' : `list<${first}>`;
    if (name === 'option') return `option<${first}>`;
    if (name === 'tuple') return `tuple<${parameters.join(', ')}>`;
    if (name === 'borrow' && this.#resources.has(first.toLowerCase())) return first;
    throw new Error(`unknown type ${name}`);
  }

  #type1(): string {
    if (this.#tokens[this.#at] === 'u8') return this.#next();
    return this.#type();
  }

  #world(name: string): void {
    this.#lines.push(`world ${pascalCase(name)}`);
    this.#expect('{');
    while (!this.#accept('}')) {
      const keyword = this.#next();
      if (keyword !== 'import' && keyword !== 'export') throw new Error(`unexpected ${keyword} in a world`);
      const item = this.#next();
      this.#expect(';');
      this.#lines.push(`  ${camelCase(item)}: ${pascalCase(item)}`);
    }
  }

  #list<Item>(item: () => Item): Item[] {
    const items: Item[] = [];
    this.#expect('{');
    while (!this.#accept('}')) {
      items.push(item());
      this.#accept(',');
    }
    return items;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('unexpected end of the file');
    return token;
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw new Error(`expected ${token}, found ${found}`);
  }
}
