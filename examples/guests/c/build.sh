#!/bin/bash
# Builds bank.wasm from the C sources: clang, lld and wasi-libc of Debian, and the npm packages of ../package.json.
# `./build.sh [output]`; without an argument it overwrites the checked-in binary.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-bank.wasm}
export PATH="$PWD/../../../node_modules/.bin:$PATH"
mkdir -p build

# A reactor without start-up code. It links only malloc and memcpy of wasi-libc, so the component imports nothing.
clang --target=wasm32-wasi -O2 -std=c17 -Wall -Wextra -Werror -mexec-model=reactor -nostartfiles \
  -ffile-prefix-map="$PWD=." -Wl,--no-entry,--strip-all,--gc-sections,-z,stack-size=16384 \
  bank.c contract.c msgpack.c -o build/core.wasm

node --disable-warning=ExperimentalWarning ../componentize.ts build/core.wasm "$out"
