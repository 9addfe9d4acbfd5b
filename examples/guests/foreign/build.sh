#!/bin/bash
# Builds the guests of other contracts from the C sources, with the tools of ../c. `./build.sh [folder]`; without an
# argument it overwrites the checked-in binaries.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-.}
export PATH="$PWD/../../../node_modules/.bin:$PATH"
mkdir -p build

build() { # name, source, world, flags …
  clang --target=wasm32-wasi -O2 -std=c17 -Wall -Wextra -Werror -mexec-model=reactor -nostartfiles \
    -ffile-prefix-map="$PWD=." -Wl,--no-entry,--strip-all,--gc-sections,-z,stack-size=16384 \
    "${@:4}" "$2" -o "build/$1.core.wasm"
  node --disable-warning=ExperimentalWarning componentize.ts "build/$1.core.wasm" "$1.wit" "$3" "$out/$1.wasm"
}

build trogon trogon.c decider
build cosmonic-resources cosmonic.c counter
build cosmonic-functions cosmonic.c counter -DFREE_FUNCTIONS
