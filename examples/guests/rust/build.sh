#!/bin/bash
# Builds bank.wasm from the Rust sources: rustc-web, rust-web-src, cargo-web and lld of Debian, the crate wit-bindgen,
# and the npm packages of ../package.json. `./build.sh [output]`; without an argument it overwrites the checked-in
# binary.
#
# Debian ships no standard library for this target, so cargo builds it from source, which takes two minutes the first
# time. With CARGO_TARGET_DIR, several folders can share one.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-bank.wasm}
export PATH="/usr/bin:$PATH:$PWD/../../../node_modules/.bin"

# `-Zbuild-std` is for nightly compilers, or for this variable. A panic traps immediately, so the binary has no
# formatting code and no paths of this machine.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
export RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none
  --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo
  -Clink-arg=-zstack-size=65536"

# A lock file has the address of the registry in each line, so only its versions and checksums are checked in.
sed 's|"INDEX"|"registry+https://github.com/rust-lang/crates''.io-index"|' versions.lock >Cargo.lock

# 75 is EX_TEMPFAIL: missing crates are not a mistake of the source.
cargo fetch --quiet --locked || exit 75
# The path of this folder is a flag of its own crate, because another flag would build the standard library again.
cargo rustc --quiet --locked --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown -- \
  --remap-path-prefix="$PWD=."

PATH="$PWD/../../../node_modules/.bin:$PATH"
node --disable-warning=ExperimentalWarning ../componentize.ts "${CARGO_TARGET_DIR:-target}"/wasm32-unknown-unknown/release/bank.wasm "$out"
