/** A guest that asks its host and has to wait for the answer, as component text. */
import { ALLOCATOR } from '../adapters/component/abi/guests.ts';

const ASK = '(param "question" string) (result (result string (error string)))';
const OPTIONS = '(memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))';

/** `ask` calls the import of the same name, and returns its result. */
export const WAITING_GUEST = `(component
  (import "ask" (func $ask ${ASK}))
  (core module $Memory ${ALLOCATOR})
  (core instance $memory (instantiate $Memory))
  (core func $ask' (canon lower (func $ask) ${OPTIONS}))
  (core module $Guest
    (import "" "ask" (func $ask (param i32 i32 i32)))
    (func (export "ask") (param i32 i32) (result i32)
      (call $ask (local.get 0) (local.get 1) (i32.const 16))
      (i32.const 16)))
  (core instance $guest (instantiate $Guest (with "" (instance (export "ask" (func $ask'))))))
  (func (export "ask") ${ASK} (canon lift (core func $guest "ask") ${OPTIONS})))`;
