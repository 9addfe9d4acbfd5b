#!/bin/bash
# Builds the five components from the Rust sources, with the tools of ../../guests/rust.
# `./build.sh [folder]`; without an argument it overwrites the checked-in binaries.
#
# Debian ships no standard library for this target, so cargo builds it from source, which takes a minute the first time.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-.}
export PATH="/usr/bin:$PATH:$PWD/../../../node_modules/.bin"

# `-Zbuild-std` is for nightly compilers, or for this variable. A panic traps immediately, so the binary has no paths of
# this machine.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
export RUSTFLAGS="-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none
  --remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo
  -Clink-arg=-zstack-size=65536"

# A lock file has the address of the registry in each line, so only its versions and checksums are checked in.
sed 's|"INDEX"|"registry+https://github.com/rust-lang/crates''.io-index"|' versions.lock >Cargo.lock

# 75 is EX_TEMPFAIL: missing crates are not a mistake of the source.
cargo fetch --quiet --locked || exit 75
cargo build --quiet --locked --release -Zbuild-std=std,panic_abort --target wasm32-unknown-unknown

PATH="$PWD/../../../node_modules/.bin:$PATH"
for name in event-store event-sourcer event-handler projector gateway; do
  core=target/wasm32-unknown-unknown/release/${name//-/_}.wasm
  node --disable-warning=ExperimentalWarning componentize.ts "$core" "$out/$name.wasm"
done
