/**
 * Reads a file of `src/core/` that mirrors a WIT interface into an outline. Interfaces of methods are WIT interfaces,
 * `XType<X>` is `resource x`, other interfaces are records, unions of tags are variants, and unions of literals are
 * enums.
 */
import { type Comment, parseSync, type TSInterfaceDeclaration, type TSMethodSignature, type TSType } from 'oxc-parser';
import type { Outline } from './outline.ts';

export function readTypeScript(name: string, text: string): Outline {
  const { program, comments, errors } = parseSync(`${name}.ts`, text);
  if (errors.length > 0) throw new Error(`${name}.ts: ${errors[0]?.message}`);
  const lines: string[] = [];
  for (const statement of program.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const { declaration } = statement;
    if (declaration?.type === 'TSInterfaceDeclaration') {
      lines.push(...readInterface(declaration, name === 'worlds', text, comments));
    } else if (declaration?.type === 'TSTypeAliasDeclaration') {
      lines.push(...readUnion(declaration.id.name, declaration.typeAnnotation));
    } else {
      throw new Error(`${name}.ts: only interfaces and type aliases mirror a WIT interface`);
    }
  }
  return { name, lines };
}

function readInterface(
  declaration: TSInterfaceDeclaration,
  isWorld: boolean,
  text: string,
  comments: readonly Comment[],
): readonly string[] {
  const name = declaration.id.name;
  const members = declaration.body.body;
  const methods = members.filter((member) => member.type === 'TSMethodSignature');
  if (methods.length === 0) {
    // `Types` only combines the resources that follow it.
    if (name === 'Types') return [];
    const fields = members.map((member) => {
      if (member.type !== 'TSPropertySignature') throw new Error(`${name}: not a field`);
      const [key, type] = [keyOf(member.key), typeText(member.typeAnnotation?.typeAnnotation)];
      if (!member.readonly) throw new Error(`${name}.${key}: a field of the mirror is readonly`);
      // Callers may omit an option, or pass undefined.
      if (member.optional !== type.startsWith('option<')) {
        throw new Error(`${name}.${key}: an option, and nothing else, is written as \`${key}?: T | undefined\``);
      }
      return `  ${key}: ${type}`;
    });
    return [`${isWorld ? 'world' : 'record'} ${name}`, ...fields];
  }
  const isResource = name.endsWith('Type') && declaration.typeParameters?.params.length === 1;
  return [
    isResource ? `resource ${name.slice(0, -'Type'.length)}` : `interface ${name}`,
    // The WIT implies `resource.drop`. The mirror has it as a method, because a host has to call it.
    ...methods
      .filter((method) => !(isResource && keyOf(method.key) === 'drop'))
      .map((m) => methodLine(m, text, comments)),
  ];
}

function methodLine(method: TSMethodSignature, text: string, comments: readonly Comment[]): string {
  const parameters = method.params.flatMap((parameter) => {
    if (parameter.type !== 'Identifier') throw new Error(`${keyOf(method.key)}: a parameter without a name`);
    // An `async func` may have a signal as its last parameter, because this is how JavaScript cancels a subtask.
    if (parameter.name === 'signal' && parameter.optional && parameter === method.params.at(-1)) return [];
    return `${parameter.name}: ${typeText(parameter.typeAnnotation?.typeAnnotation)}`;
  });
  const throws = /@throws (\w+)/.exec(docOf(method.start, text, comments))?.[1];
  const result = typeText(method.returnType?.typeAnnotation);
  return `  ${keyOf(method.key)}(${parameters.join(', ')}): ${result}${throws === undefined ? '' : ` throws ${throws}`}`;
}

/** The docstring that ends right before `start`. */
function docOf(start: number, text: string, comments: readonly Comment[]): string {
  const doc = comments.findLast((comment) => comment.end <= start);
  return doc !== undefined && text.slice(doc.end, start).trim() === '' ? doc.value : '';
}

function readUnion(name: string, type: TSType): readonly string[] {
  if (type.type !== 'TSUnionType') throw new Error(`${name}: an alias mirrors a variant or an enum`);
  const cases = type.types.map((member) => {
    if (member.type === 'TSLiteralType') return literalOf(member);
    if (member.type !== 'TSTypeLiteral') throw new Error(`${name}: a case that is neither a tag nor a literal`);
    const fields = new Map(
      member.members.map((field) => {
        if (field.type !== 'TSPropertySignature') throw new Error(`${name}: not a field`);
        return [keyOf(field.key), field.typeAnnotation?.typeAnnotation] as const;
      }),
    );
    const tag = literalOf(fields.get('tag'));
    return fields.has('val') ? `${tag}(${typeText(fields.get('val'))})` : tag;
  });
  const isEnum = type.types.every((member) => member.type === 'TSLiteralType');
  return [`${isEnum ? 'enum' : 'variant'} ${name}`, ...cases.map((line) => `  ${line}`)];
}

function keyOf(key: { readonly type: string; readonly name?: unknown }): string {
  if (key.type !== 'Identifier' || typeof key.name !== 'string') throw new Error('a key that is not an identifier');
  return key.name;
}

function literalOf(type: TSType | undefined): string {
  if (type?.type !== 'TSLiteralType' || type.literal.type !== 'Literal') throw new Error('not a literal');
  return String(type.literal.value);
}

function typeText(type: TSType | undefined): string {
  switch (type?.type) {
    case 'TSStringKeyword':
      return 'string';
    case 'TSNumberKeyword':
      return 'number';
    case 'TSBigIntKeyword':
      return 'bigint';
    case 'TSBooleanKeyword':
      return 'boolean';
    case 'TSVoidKeyword':
      return 'void';
    case 'TSParenthesizedType':
      return typeText(type.typeAnnotation);
    case 'TSUnionType':
      return optionText(type.types);
    case 'TSTypeOperator':
      return readonlyText(type.typeAnnotation);
    case 'TSTypeReference': {
      if (type.typeName.type !== 'Identifier') throw new Error('a qualified type name');
      const argument = type.typeName.name === 'Promise' ? `<${typeText(type.typeArguments?.params[0])}>` : '';
      return type.typeName.name + argument;
    }
    default:
      throw new Error(`a type that no WIT type maps to: ${type?.type}`);
  }
}

function optionText(types: readonly TSType[]): string {
  const [value, nothing] = types;
  if (types.length !== 2 || nothing?.type !== 'TSUndefinedKeyword') throw new Error('a union that is not an option');
  return `option<${typeText(value)}>`;
}

function readonlyText(type: TSType): string {
  if (type.type === 'TSArrayType') return `list<${typeText(type.elementType)}>`;
  if (type.type !== 'TSTupleType') throw new Error('readonly of neither an array nor a tuple');
  const elements = type.elementTypes.map((element) => {
    if (element.type === 'TSNamedTupleMember' || element.type === 'TSOptionalType' || element.type === 'TSRestType') {
      throw new Error('a tuple with names, options or a rest');
    }
    return typeText(element);
  });
  return `tuple<${elements.join(', ')}>`;
}
