#!/bin/sh
# Builds the JupyterLab extension from labextension/ into monitorkit/labextension/: `sh scripts/build_labextension.sh`.
# Nothing else in the project needs Node. Equal sources give equal bytes; labextension/built.sha256 lists both.
set -eu
cd "$(dirname "$0")/../labextension"
bundle=../monitorkit/labextension

fail() { printf 'labextension: %s\n' "$*" >&2; exit 1; }

command -v node >/dev/null && command -v npm >/dev/null || fail "Node 20.19 or newer and npm are needed to build it"

checksums() {
    if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# Exactly the packages in the lock file, and none of their install scripts. Not `npm ci`: it wants every platform's binaries
# in the lock file, those too that a registry may not have.
if ! cmp -s package-lock.json node_modules/.monitorkit-lock; then
    npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.monitorkit-lock
fi

rm -rf lib "$bundle"
node node_modules/typescript/bin/tsc
node --test --test-reporter=spec lib/tests/
node node_modules/@jupyter/builder/lib/build-labextension.js \
    --core-package-file node_modules/@jupyterlab/core-meta/core.package.json .
node licenses.mjs

find licenses.mjs package.json package-lock.json rspack.config.cjs tsconfig.json src "$bundle" -type f | LC_ALL=C sort | while read -r file; do
    checksums "$file"
done >built.sha256
