#!/bin/sh
# Builds the component from examples/bank/account.ts. `npm ci` in the root of the repository installs its tools.
set -eu
cd "$(dirname "$0")"
mkdir -p build
exec npx node --conditions=decidable-source ../../../src/adapters/cli/bin.ts build ../../bank/account.ts -o build/bank.wasm
