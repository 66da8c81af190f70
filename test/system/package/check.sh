#!/usr/bin/env bash
# Packs the package as it is published, installs it and looks at it as its users do: what is in it, whether every entry
# works, whether its types hold in their compiler, how much it adds to their bundle. Runs every check, then reports.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
bin=$root/node_modules/.bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0
failed=0
check() {
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $name"
    # Tables are shown for checks that pass, too.
    grep '^|' "$work/log" || true
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    sed 's/^/        /' "$work/log"
  fi
}

installs_alone() {
  ! grep -iE 'warn|deprecated' "$work/install.log" || return 1
  [ "$(ls -A "$app/node_modules" | grep -v '^\.package-lock.json$')" = relatch ] || return 1
  npm ls --all --parseable | tail -n +2 | diff - <(echo "$app/node_modules/relatch")
}

# Packs once more, from the build before this one, and compares. The two builds start from empty folders.
is_reproducible() { cmp "$work/earlier/$(basename "$tarball")" "$tarball"; }

# The types of the packed package under one version of TypeScript. Those that the repository is not built with are
# installed in lab.
types_hold() {
  local tsc=$1
  shift
  if [ ! -e "$tsc" ] && [ -z "${CI:-}" ]; then
    echo "| left to CI, or to: npm ci --prefix lab |"
    return
  fi
  node "$tsc" --project tsconfig.json "$@"
}

# `.ci/run` has just built. Elsewhere the last build may be older than its sources.
cd "$root"
build_inputs=(src package.json package-lock.json tsup.config.ts tsconfig.json entries.ts sbom.ts)
if [ ! -e dist/sbom.cdx.json ] || [ -n "$(find "${build_inputs[@]}" -type f -newer dist/sbom.cdx.json -print -quit)" ]; then
  npm run --silent build >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
fi
mkdir "$work/earlier"
npm pack --silent --ignore-scripts --pack-destination "$work/earlier" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

# Without a tarball and an installation there is nothing to check.
npm pack --silent --pack-destination "$work" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tarball=$(ls "$work"/*.tgz)
app=$work/app
cp -r "$here/consumer" "$app"
cd "$app"
cp consumer.ts consumer.cts
npm install --no-audit --no-fund "$tarball" >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }

check "installs as one package, without a warning" installs_alone
check "publint finds nothing, strictly" "$bin/publint" run "$tarball" --strict
check "the types are right in ESM and CommonJS" "$bin/attw" "$tarball" --profile node16
check "the tarball contains what its entries need and nothing else" node "$here/contents.mjs" "$app"
check "build and compiler read the same list of entries" node "$here/source.mjs" "$root"
check "the license of everything built in is in the tarball" node "$here/licenses.mjs" "$root" "$app"
check "the bill of materials is valid, and names exactly what is built in" \
  node "$here/sbom.mjs" "$root" "$app" "$work"
check "two builds give the same tarball, byte for byte" is_reproducible
check "every entry loads by import and require, and resets a password" node imports.mjs
for compiler in "$root/node_modules/typescript" "$root/lab/node_modules/typescript6" "$root/lab/node_modules/typescript7"; do
  version=$(node -p 'require(process.argv[1]).version' "$compiler/package.json" 2>/dev/null || basename "$compiler")
  check "types hold in TypeScript $version under moduleResolution nodenext" types_hold "$compiler/bin/tsc"
  check "types hold in TypeScript $version under moduleResolution bundler" \
    types_hold "$compiler/bin/tsc" --module esnext --moduleResolution bundler
done
check "the 10,000 common passwords are in a chunk loaded on demand" node "$here/common-passwords.mjs" "$app"
check "every entry is within its budget" node "$here/size.mjs" "$app"
check "workflows pin actions by commit and use no secret, and publishing runs no code but that of npm" \
  node "$here/workflows.mjs" "$root/.github/workflows"
check "resets a password under Node.js, Jest, ts-jest, NestJS and Vitest, from npm and pnpm" \
  node "$here/consumers.mjs" "$tarball"

echo "$passed of $((passed + failed)) checks hold"
exit $((failed > 0))
