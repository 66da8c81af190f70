#!/usr/bin/env bash
# Measures the built package. `--check` fails when a budget is missed, `--write` renews docs/benchmarks.md,
# `--quick` takes fewer rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm run --silent build >/dev/null
exec node test/bench/run.mjs "$@"
