#!/bin/bash
# Builds bank.wasm from the Rust sources: rustc-web, rust-web-src, cargo-web and lld of Debian, the crate wit-bindgen,
# and the npm packages of ../package.json. `./build.sh [output]`; without an argument the checked-in binary is written anew.
#
# Debian ships no standard library for this target, so cargo builds it from its source: that takes a minute, once.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-bank.wasm}
export PATH="/usr/bin:$PATH:$PWD/../../../node_modules/.bin"

# `-Zbuild-std` is for nightly compilers, or for this variable. A panic is a trap at once: no message, and so no formatting
# code and no paths of this machine in the binary.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
export RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none
  --remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo
  -Clink-arg=-zstack-size=65536"

# The lock file names the registry's address in each line, so what is checked in are its versions and checksums alone.
sed 's|"INDEX"|"registry+https://github.com/rust-lang/crates''.io-index"|' versions.lock >Cargo.lock

# Without the crates there is nothing wrong with the source: 75 is EX_TEMPFAIL.
cargo fetch --quiet --locked || exit 75
cargo build --quiet --locked --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown

PATH="$PWD/../../../node_modules/.bin:$PATH"
node --disable-warning=ExperimentalWarning ../componentize.ts target/wasm32-unknown-unknown/release/bank.wasm "$out"
