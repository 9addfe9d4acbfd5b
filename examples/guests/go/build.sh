#!/bin/bash
# Builds the component with Go 1.25 or later and the npm packages of ../package.json.
# `./build.sh [output]`; by default build/bank.wasm.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-build/bank.wasm}
export PATH="$PWD/../../../node_modules/.bin:$PATH"
mkdir -p build

# 75 is EX_TEMPFAIL: a package that cannot be fetched is not a mistake of the source.
go mod download || exit 75

# A reactor: its functions can be called after it has started. `-checklinkname=0` allows the bindings to use functions
# of Go's runtime.
GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags='-checklinkname=0 -s -w' -o build/core.wasm .

node --disable-warning=ExperimentalWarning ../componentize.ts build/core.wasm "$out" preview1.wat
