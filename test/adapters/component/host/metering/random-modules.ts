/**
 * Random core modules that terminate, because functions call only earlier functions, and each loop counts down its
 * iterations. They contain everything that counting could affect: exits from blocks and functions, tail calls, indirect
 * calls, exceptions and their handlers, several results, memories and tables that grow, and bulk instructions.
 */
import type { Random } from '../../fuzz/mutate.ts';

/** Each function has two numbers and a counter as parameters. */
const SIGNATURE = '(param $a i32) (param $b i32) (result i32)';

/** The number of functions of a module. `run` calls the last one. */
const FUNCTIONS = 6;

class FunctionWriter {
  readonly #pick: Random;
  readonly #index: number;
  /** The labels of the enclosing blocks, innermost last. A branch to a block with a result needs a number. */
  readonly #labels: { readonly name: string; readonly hasResult: boolean }[] = [];
  #counters = 0;
  #names = 0;

  constructor(pick: Random, index: number) {
    this.#pick = pick;
    this.#index = index;
  }

  text(): string {
    const body = `${this.#statements(4)} ${this.#value(3)}`;
    const counters = Array.from({ length: this.#counters }, (_, index) => `(local $n${index} i32)`);
    return `(func $f${this.#index} ${SIGNATURE} (local $c i32) (local $d i32) ${counters.join(' ')} ${body})`;
  }

  #oneOf<T>(choices: readonly T[]): T {
    return choices[this.#pick(choices.length)]!;
  }

  #local(): string {
    return this.#oneOf(['$a', '$b', '$c', '$d']);
  }

  /** An address in the first page. */
  #address(size: number): string {
    return `(i32.and ${this.#value(size)} (i32.const 0xfff))`;
  }

  /** An expression with the type `i32`. */
  #value(size: number): string {
    if (size <= 0)
      return this.#pick(2) === 0 ? `(local.get ${this.#local()})` : `(i32.const ${this.#pick(2 ** 32) | 0})`;
    const less = size - 1;
    switch (this.#pick(15)) {
      case 0:
        return `(i32.const ${this.#pick(256) - 128})`;
      case 1:
        return '(global.get $g)';
      case 2:
        return `(i32.${this.#oneOf(['load', 'load8_u', 'load16_s'])} ${this.#address(less)})`;
      case 3:
        return `(select ${this.#value(less)} ${this.#value(less)} ${this.#value(less)})`;
      case 4: {
        const label = this.#open(true);
        const inner = `${this.#statements(less)} ${this.#value(less)}`;
        this.#labels.pop();
        return `(block ${label} (result i32) ${inner})`;
      }
      case 5:
        return `(if (result i32) ${this.#value(less)} (then ${this.#statements(less - 1)} ${this.#value(less)}) (else ${this.#value(less)}))`;
      case 6:
        return this.#call(less);
      case 7:
        // Only the first function is in the table, and it makes no indirect call, so that there is no recursion.
        if (this.#index === 0) return this.#value(less);
        return `(call_indirect $t (type $sig) ${this.#value(less)} ${this.#value(less)} (i32.const ${this.#pick(FUNCTIONS + 1)}))`;
      case 8:
        return `(memory.grow (i32.and ${this.#value(less)} (i32.const 1)))`;
      case 9:
        return '(i32.add (memory.size) (table.size $t))';
      case 10:
        return this.#catching(less);
      case 11:
        return `(i32.wrap_i64 (i64.mul (i64.extend_i32_s ${this.#value(less)}) (i64.extend_i32_u ${this.#value(less)})))`;
      case 12:
        return `(i32x4.extract_lane ${this.#pick(4)} (i8x16.add (i32x4.splat ${this.#value(less)}) (v128.load ${this.#address(less)})))`;
      case 13:
        return `(i32.${this.#oneOf(['div_u', 'rem_s'])} ${this.#value(less)} (i32.or ${this.#value(less)} (i32.const ${this.#pick(8) === 0 ? 0 : 1})))`;
      default:
        return `(i32.${this.#oneOf(['add', 'sub', 'mul', 'xor', 'shl', 'rotr', 'lt_s', 'eq'])} ${this.#value(less)} ${this.#value(less)})`;
    }
  }

  #open(hasResult: boolean): string {
    const name = `$l${this.#names++}`;
    this.#labels.push({ name, hasResult });
    return name;
  }

  #call(size: number): string {
    if (this.#index === 0) return this.#value(size - 1);
    return `(call $f${this.#pick(this.#index)} ${this.#value(size - 1)} ${this.#value(size - 1)})`;
  }

  /** The number that was thrown, or another one. */
  #catching(size: number): string {
    const label = this.#open(true);
    // Only the result leaves the block of a handler. The enclosing labels stay reachable.
    const inner = `${this.#statements(size)} ${this.#value(size)}`;
    this.#labels.pop();
    return `(block ${label} (result i32) (try_table (result i32) (catch $e ${label}) ${inner}))`;
  }

  #statements(size: number): string {
    if (size <= 0) return '';
    return Array.from({ length: this.#pick(4) }, () => this.#statement(size - 1)).join(' ');
  }

  #statement(size: number): string {
    switch (this.#pick(16)) {
      case 0:
        return `(global.set $g ${this.#value(size)})`;
      case 1:
        return `(i32.store ${this.#address(size)} ${this.#value(size)})`;
      case 2:
        return `(memory.fill ${this.#address(size)} ${this.#value(size)} ${this.#address(size)})`;
      case 3:
        return `(memory.copy ${this.#address(size)} ${this.#address(size)} ${this.#address(size)})`;
      case 4:
        return `(memory.init $data ${this.#address(size)} (i32.const ${this.#pick(4)}) (i32.const ${this.#pick(6)}))`;
      case 5:
        return this.#loop(size);
      case 6: {
        const label = this.#open(false);
        const inner = this.#statements(size);
        this.#labels.pop();
        return `(block ${label} ${inner})`;
      }
      case 7:
      case 8:
        return this.#branch(size);
      case 9:
        return `(if ${this.#value(size)} (then (return ${this.#value(size)})))`;
      case 10:
        if (this.#index === 0) return '';
        return `(if ${this.#value(size)} (then (return_call $f${this.#pick(this.#index)} ${this.#value(size)} ${this.#value(size)})))`;
      case 11:
        return `(if ${this.#value(size)} (then (throw $e ${this.#value(size)})))`;
      case 12:
        return `(table.set $t (i32.and ${this.#value(size)} (i32.const 3)) (ref.func $f0))`;
      case 13:
        return `(drop (table.grow $t (ref.null func) (i32.and ${this.#value(size)} (i32.const 3))))`;
      case 14:
        return `(if (i32.eqz ${this.#value(size)}) (then ${this.#statements(size)}) (else ${this.#statements(size)}))`;
      default:
        return `(local.set ${this.#local()} ${this.#value(size)})`;
    }
  }

  #loop(size: number): string {
    const counter = `$n${this.#counters++}`;
    const label = this.#open(false);
    const inner = this.#statements(size);
    this.#labels.pop();
    const [out, rounds] = [`$o${this.#names++}`, this.#pick(6)];
    return `(local.set ${counter} (i32.const ${rounds})) (block ${out} (loop ${label}
      (br_if ${out} (i32.eqz (local.get ${counter}))) (local.set ${counter} (i32.sub (local.get ${counter}) (i32.const 1)))
      ${inner} (br_if ${label} (i32.eqz ${this.#value(0)}))))`;
  }

  #branch(size: number): string {
    const plain = this.#labels.filter(({ hasResult }) => !hasResult);
    if (this.#labels.length === 0) return '';
    const { name, hasResult } = this.#oneOf(this.#labels);
    if (hasResult) return `(drop (br_if ${name} ${this.#value(size)} ${this.#value(size)}))`;
    if (this.#pick(3) === 0) {
      const labels = Array.from({ length: 3 }, () => this.#oneOf(plain).name);
      return `(if ${this.#value(size)} (then (br_table ${labels.join(' ')} ${this.#value(size)})))`;
    }
    return `(br_if ${name} ${this.#value(size)})`;
  }
}

/**
 * The text of a module whose `run` has two numbers as parameters and returns two. It exports its memory and its global.
 */
export function randomModule(pick: Random): string {
  const functions = Array.from({ length: FUNCTIONS }, (_, index) => new FunctionWriter(pick, index).text());
  return `(module
    (type $sig (func ${SIGNATURE}))
    (tag $e (param i32))
    (global $g (export "global") (mut i32) (i32.const 7))
    (memory (export "memory") 1 4)
    (data $data "random modules")
    (table $t 4 12 funcref)
    (elem declare func $f0)
    ${functions.join('\n    ')}
    (func (export "run") (param i32 i32) (result i32 i64)
      (call $f${FUNCTIONS - 1} (local.get 0) (local.get 1)) (i64.extend_i32_s (global.get $g))))`;
}
