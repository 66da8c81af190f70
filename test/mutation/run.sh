#!/usr/bin/env bash
# Mutation testing: Stryker changes one thing after another in the core, and the unit tests have to notice.
#
#     npm run test:mutation                                     all of the core
#     npm run test:mutation -- --mutate src/reset-token.ts      one file; what did not change is not run again
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
[ -d "$here/node_modules" ] || (cd "$here" && npm ci --no-audit --no-fund)
exec "$here/node_modules/.bin/stryker" run "$here/stryker.config.mjs" "$@"
