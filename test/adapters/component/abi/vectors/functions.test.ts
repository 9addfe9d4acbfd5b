/**
 * Functions: their core types, and parameters and results that are spilled to memory, as the reference computes them.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, instantiate } from 'decidable/component';
import { decode } from '../../../../../src/adapters/component/binary/decode.ts';
import { validate } from '../../../../../src/adapters/component/validation/validate.ts';
import { assemble } from '../../assemble.ts';
import { canonicalOptions, loadsOf, OUT, RECORDING_ALLOCATOR, Recorder, storesOf } from '../probe.ts';
import { type Lowered, readVectors, toJavaScript, type VectorType, type VectorValue, write } from './vectors.ts';

interface FunctionVector {
  readonly params: readonly VectorType[];
  readonly result: VectorType | null;
  readonly args: readonly VectorValue[];
  /** The arguments, lowered into the core function that is lifted. */
  readonly taken: Lowered;
  readonly value?: VectorValue;
  /** The result, lowered to the core result of the caller or to the area at {@link OUT}. */
  readonly given?: Lowered & { readonly area?: string };
  /** `flatten_functype`, as `params -> results`. */
  readonly lift: string;
  readonly lower: string;
  readonly 'async lift': string;
  readonly 'callback lift': string;
  readonly 'async lower': string;
}

const { vectors } = readVectors<{ vectors: readonly FunctionVector[] }>('functions');

const OPTIONS = canonicalOptions();

/** The function's parameters and result in text, and the definitions that they need. */
function texts({ params, result }: FunctionVector) {
  const definitions: string[] = [];
  const written = params.map((param, index) => `(param "p${index}" ${write(param, definitions)})`).join(' ');
  const returned = result === null ? '' : `(result ${write(result, definitions)})`;
  return { definitions: definitions.join('\n'), params: written, type: `${written} ${returned}`.trim() };
}

function split(signature: string): { readonly params: readonly string[]; readonly results: readonly string[] } {
  const [params = [], results = []] = signature.split('->').map((side) => side.trim().split(' ').filter(Boolean));
  return { params, results };
}

function coreType(signature: string): string {
  const { params, results } = split(signature);
  return `(param ${params.join(' ')}) (result ${results.join(' ')})`;
}

describe('flatten_functype', () => {
  for (const vector of vectors) {
    const { definitions, type } = texts(vector);

    test(`returns the same core type as the reference for a function ${type}`, async () => {
      const binary = await assemble(`(component
        ${definitions}
        (import "f" (func $f ${type})) (import "g" (func $g async ${type}))
        (core module $M ${RECORDING_ALLOCATOR}
          (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
          (func (export "sync") ${coreType(vector.lift)} unreachable)
          (func (export "async") ${coreType(vector['async lift'])} unreachable)
          (func (export "stackless") ${coreType(vector['callback lift'])} unreachable))
        (core instance $m (instantiate $M))
        (func ${type} (canon lift (core func $m "sync") ${OPTIONS}))
        (func async ${type} (canon lift (core func $m "async") async ${OPTIONS}))
        (func async ${type}
          (canon lift (core func $m "stackless") async (callback (core func $m "callback")) ${OPTIONS}))
        (core func (canon lower (func $f) ${OPTIONS}))
        (core func (canon lower (func $g) async ${OPTIONS})))`);
      const found = validate(decode(binary)).definitions.flatMap((each) =>
        each.kind === 'canon lift' || each.kind === 'canon lower'
          ? [`${each.core.params.join(' ')} -> ${each.core.results.join(' ')}`]
          : [],
      );
      const expected = ['lift', 'async lift', 'callback lift', 'lower', 'async lower'] as const;
      assert.deepEqual(
        found,
        expected.map((key) => vector[key]),
      );
    });
  }
});

/**
 * A guest that is called with the arguments, and passes them to the same function of the host, which returns the
 * result.
 */
async function guest(vector: FunctionVector, host: (...args: unknown[]) => unknown) {
  const { definitions, params, type } = texts(vector);
  const lift = split(vector.lift);
  const lower = split(vector.lower);
  // The host's function is called with the arguments of the guest, followed by the pointer for the result.
  const hasArea = lower.params.length > lift.params.length;
  const call = `(call $host ${loadsOf(lift.params)} ${hasArea ? `(i32.const ${OUT})` : ''})`;
  const instances: Readonly<Record<string, unknown>>[] = [];
  const component = await compile(
    await assemble(`(component
      ${definitions}
      (import "host" (func $host ${type}))
      (core module $Memory ${RECORDING_ALLOCATOR})
      (core instance $m (instantiate $Memory))
      (core func $host' (canon lower (func $host) ${OPTIONS}))
      (core module $M
        (import "m" "memory" (memory 2))
        (import "" "host" (func $host ${coreType(vector.lower)}))
        (func (export "take") (param ${lift.params.join(' ')}) ${storesOf(lift.params)})
        (func (export "call") ${lower.results.length === 0 ? call : storesOf(lower.results).replace('(local.get 0)', call)}))
      (core instance $i (instantiate $M (with "m" (instance $m)) (with "" (instance (export "host" (func $host'))))))
      (func (export "take") ${params} (canon lift (core func $i "take") ${OPTIONS}))
      (func (export "call") (canon lift (core func $i "call"))))`),
  );
  const { exports } = await instantiate(component, { host }, { onCoreInstance: (each) => instances.push(each) });
  return {
    recorder: new Recorder(instances[0]!),
    ...(exports as Record<'take' | 'call', (...args: unknown[]) => void>),
  };
}

describe('a call of a function', () => {
  for (const vector of vectors) {
    const { type } = texts(vector);

    test(`has the same bytes of arguments and result as in the reference: ${type}`, async () => {
      const args = vector.args.map((arg, index) => toJavaScript(vector.params[index]!, arg));
      let seen: readonly unknown[] = [];
      const { recorder, take, call } = await guest(vector, (...given) => {
        seen = given;
        recorder.reset();
        return vector.result === null ? undefined : resultOf(vector.result, vector.value!);
      });
      take(...args);
      assert.deepEqual(recorder.taken(split(vector.lift).params), vector.taken);
      recorder.write(vector.taken);
      call();
      assert.deepStrictEqual(seen, args);
      if (vector.given === undefined) return;
      const { area = '', ...given } = vector.given;
      assert.equal(recorder.bytes.toString('hex', OUT, OUT + area.length / 2), area);
      assert.deepEqual(recorder.taken(split(vector.lower).results), given);
    });
  }
});

/** The value that a host function returns or throws (*Explainer.md*, "JS API"). */
function resultOf(type: VectorType, value: VectorValue): unknown {
  const result = toJavaScript(type, value);
  if (typeof type === 'string' || type[0] !== 'result') return result;
  const { tag, val } = result as { tag: string; val?: unknown };
  if (tag === 'ok') return val;
  throw Object.assign(new Error('the error case'), { payload: val });
}
