/** A guest that prints and draws random numbers, as component text. */
import { ALLOCATOR } from '../adapters/component/abi/guests.ts';

const VERSION = '0.2.3';

const print = (name: string) => `
  (import "wasi:cli/${name}@${VERSION}" (instance $${name}
    (alias outer 1 $output-stream (type $output-stream'))
    (export "output-stream" (type $output-stream (eq $output-stream')))
    (export "get-${name}" (func (result (own $output-stream))))))
  (core func $get-${name} (canon lower (func $${name} "get-${name}")))`;

/** `print` writes a string to standard output and a line to standard error. `draw` returns a random number. */
export const WASI_GUEST = `(component
  (import "wasi:io/error@${VERSION}" (instance $io-error (export "error" (type (sub resource)))))
  (alias export $io-error "error" (type $error))
  (import "wasi:io/streams@${VERSION}" (instance $streams
    (export "output-stream" (type $output-stream (sub resource)))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (type $stream-error' (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error')))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output-stream))
  ${print('stdout')}
  ${print('stderr')}
  (import "wasi:random/random@${VERSION}" (instance $random (export "get-random-u64" (func (result u64)))))
  (core func $draw (canon lower (func $random "get-random-u64")))
  (core func $drop (canon resource.drop $output-stream))
  (core module $Memory ${ALLOCATOR})
  (core instance $memory (instantiate $Memory))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $bytes)))
  (core module $Guest
    (import "memory" "memory" (memory 1))
    (import "" "stdout" (func $stdout (result i32)))
    (import "" "stderr" (func $stderr (result i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "draw" (func $draw (result i64)))
    (data (i32.const 0) "\\0a")
    (func $print (param $stream i32) (param $at i32) (param $length i32)
      (call $write (local.get $stream) (local.get $at) (local.get $length) (i32.const 8))
      (call $drop (local.get $stream)))
    (func (export "print") (param $at i32) (param $length i32)
      (call $print (call $stdout) (local.get $at) (local.get $length))
      (call $print (call $stderr) (local.get $at) (local.get $length))
      (call $print (call $stderr) (i32.const 0) (i32.const 1)))
    (func (export "draw") (result i64) (call $draw)))
  (core instance $guest (instantiate $Guest
    (with "memory" (instance $memory))
    (with "" (instance
      (export "stdout" (func $get-stdout)) (export "stderr" (func $get-stderr))
      (export "write" (func $write)) (export "drop" (func $drop)) (export "draw" (func $draw))))))
  (func (export "print") (param "text" string)
    (canon lift (core func $guest "print") (memory $bytes) (realloc $realloc)))
  (func (export "draw") (result u64) (canon lift (core func $guest "draw"))))`;
