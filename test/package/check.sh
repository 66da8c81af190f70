#!/usr/bin/env bash
# Packs the package as it is published and looks at it as its users will: what is in it, whether every way in
# works, whether its types hold in their compiler, what reaches their bundle. Runs every check, then reports.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
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
    # A check that passes may still have figures to show.
    grep '^|' "$work/log" || true
  else
    failed=$((failed + 1))
    echo "FAILED  $name"
    sed 's/^/        /' "$work/log"
  fi
}

# Without a tarball and an installation there is nothing to check.
cd "$root"
npm pack --silent --pack-destination "$work" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tarball=$(ls "$work"/*.tgz)
app=$work/app
cp -r "$here/consumer" "$app"
cd "$app"
npm install --loglevel error --no-audit --no-fund --prefer-offline "$tarball"

check "publint, strict" "$bin/publint" run "$tarball" --strict
check "are the types wrong (ESM only)" "$bin/attw" "$tarball" --profile esm-only
check "the tarball holds what exports name and what that reaches, nothing else, and as listed" node "$here/contents.mjs" "$app"
check "every entry imports, and resets a password" node imports.mjs
check "types, moduleResolution nodenext" "$bin/tsc" --project tsconfig.json
check "types, moduleResolution bundler" "$bin/tsc" --project tsconfig.json --module esnext --moduleResolution bundler
check "the core runs anywhere: Web standards, oslo's TimeSpan and @oslojs only" node "$here/core-imports.mjs" "$app"
check "the notices of what was built in" node "$here/licences.mjs" "$app"
check "the common passwords are 10,000, in a chunk of their own" node "$here/common-passwords.mjs" "$app"
check "size, of each entry within its budget" node "$here/size.mjs" "$app"
check "workflows: actions pinned by commit, no secret, least permissions" \
  node "$here/workflows.mjs" "$root/.github/workflows"

echo "$passed of $((passed + failed)) checks hold"
exit $((failed > 0))
