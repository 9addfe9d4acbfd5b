#!/bin/bash
# Generates wit_exports.go and bindings/*/wit_bindings.go from wit/ with wit-bindgen:
# cargo install wit-bindgen-cli@0.63.0 --no-default-features --features go
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p build
rm -rf build/generated
wit-bindgen go --world command-handler --out-dir build/generated ../../../wit >/dev/null 2>&1

# The generated module becomes a part of this one. (The generated go.mod requires version 0.4.0 of the package
# go.bytecodealliance.org/pkg, which the module proxy does not have. So go.mod has 0.2.1.)
cp -r build/generated/*/ bindings/
cp build/generated/wit_exports.go .
sed -i 's|"wit_component/|"bank/bindings/|' wit_exports.go bindings/*/wit_bindings.go

# wit-bindgen 0.63 ignores the handle with which an object is received, so that each call of `evolve` leaks one handle
# in the host. An object keeps that handle here, and passes it back when it is returned.
perl -0pi -e '
  s/\tself\.pinner\.Pin\(self\)\n\tself\.handle = (resourceNew\w+\(unsafe\.Pointer\(self\)\))\n\treturn self\.handle/\tif handle := self.handle; handle != 0 {\n\t\tself.handle = 0\n\t\treturn handle\n\t}\n\tself.pinner.Pin(self)\n\treturn $1/g;
  s/(func \w+FromOwnHandle\(handle int32\) \*\w+ \{\n)\treturn (.*)\n/$1\tself := $2\n\tself.handle = handle\n\treturn self\n/g;
' bindings/export_decidable_eventsourcing_types/wit_bindings.go
gofmt -w wit_exports.go bindings
rm -r build/generated
