#!/bin/bash
# Builds the component with componentize-py, which it installs into build/venv the first time.
# `./build.sh [output]`; by default build/bank.wasm. `./build.sh --tools` only installs.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-build/bank.wasm}
mkdir -p build

# 75 is EX_TEMPFAIL: a package that cannot be installed is not a mistake of the source.
if ! cmp -s requirements.txt build/venv/requirements.txt; then
  rm -rf build/venv
  python3 -m venv build/venv || exit 75
  build/venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt || exit 75
  cp requirements.txt build/venv/requirements.txt
fi
if [ "$out" = --tools ]; then exit; fi

# Only these files are bundled. The runtime of Python imports WASI, and --stub-wasi replaces it: clocks, randomness and
# files do not exist, so that the component imports nothing.
rm -rf build/app
mkdir build/app
cp account.py decider.py guest.py msgpack.py handles.py build/app/
build/venv/bin/componentize-py --wit-path ../../../wit --world command-handler componentize \
  --stub-wasi --python-path build/app --output "$out" guest >/dev/null
echo "$out: $(wc -c <"$out") bytes"
