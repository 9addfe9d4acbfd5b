#!/bin/bash
# Builds bank.wasm from the AssemblyScript sources. It needs only the npm packages of ../package.json.
# `./build.sh [output]`; without an argument it overwrites the checked-in binary.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-bank.wasm}
export PATH="$PWD/../../../node_modules/.bin:$PATH"
mkdir -p build

# Without an `abort` to import, a failed assertion is a trap.
node ../node_modules/assemblyscript/bin/asc.js assembly/contract.ts --transform ./names.js \
  -O3 --shrinkLevel 1 --converge --noAssert --runtime incremental --use abort= -o build/core.wasm

node --disable-warning=ExperimentalWarning ../componentize.ts build/core.wasm "$out"
