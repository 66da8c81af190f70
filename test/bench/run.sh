#!/usr/bin/env bash
# Measures the built package, beside others that are installed for it. `--check` measures what has a budget alone, and
# fails when one is missed; `--write` renews docs/benchmarks.md and its chart; `--quick` takes fewer rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm run --silent build >/dev/null
exec node test/bench/run.mjs "$@"
