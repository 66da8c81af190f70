#!/usr/bin/env bash
# Checks the protocol of a reset in every interleaving and compares each result with the expected one.
#   run.sh           all cases, two at a time (JOBS=n for another number); exit status 1 if one result differs
#   run.sh PATTERN   the cases whose line matches
#   TRACE=1 run.sh PATTERN   prints the shortest counterexample of each case that fails
# Needs spin and gcc. On Debian or Ubuntu: apt-get install -y --no-install-recommends spin gcc libc6-dev
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for program in spin gcc; do
  command -v "$program" >/dev/null && continue
  echo "$program is missing. Install it: apt-get install -y --no-install-recommends spin gcc libc6-dev" >&2
  exit 1
done

# Prints one line per case: the group, the expected result and the flags. A case that must fail names the property.
list_cases() { grep -v -e '^#' -e '^$' "$here/cases.txt" | grep -E -- "${1:-.}"; }

run_case() {
  local group expected flags text folder
  IFS='|' read -r group expected flags text <<<"$1"
  read -r group <<<"$group"
  local model=reset.pml optimize=-O1
  # A small model, which takes longer to compile than to check.
  if [[ $group = code* ]]; then model=code.pml optimize=-O0; fi
  read -r expected <<<"$expected"
  read -r flags <<<"$flags"
  folder=$(mktemp -d)
  cd "$folder" || exit 1
  cp "$here/$model" .
  local start=$EPOCHREALTIME
  # shellcheck disable=SC2086  # the flags are several words
  spin -a $flags "$model" >spin.out 2>&1 &&
    gcc $optimize -w -DSAFETY -DCOLLAPSE -DNOFAIR -DVECTORSZ=1024 -DMEMLIM=1500 -o pan pan.c >gcc.out 2>&1 &&
    ./pan -m500000 -w20 -E >pan.out 2>&1
  local seconds states errors result=BROKEN outcome=ok
  seconds=$(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $start }")
  states=$(sed -n 's/ *\([0-9]*\) states, stored.*/\1/p' pan.out 2>/dev/null)
  errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.out 2>/dev/null)
  if [ "$errors" = 0 ]; then result=holds; fi
  if [ "$errors" = 1 ]; then
    result=$(sed -n 's/^pan:.*assertion violated *\(.*\) (at depth.*/\1/p' pan.out | grep -oE "$properties" | head -1)
  fi
  # A search that was cut off proves nothing.
  if grep -qE "max search depth too small|out of memory|hash table full|reached -DMEMLIM" pan.out 2>/dev/null; then
    result=incomplete
  fi
  [ "$result" = "$expected" ] || outcome=WRONG
  printf '%-5s  %-12s  %-15s %8s states %5s s  %s  [%s]\n' \
    "$outcome" "$group" "${result:-BROKEN}" "${states:-?}" "$seconds" "${text# }" "$flags"
  if [ $outcome = WRONG ]; then tail -n 3 spin.out gcc.out pan.out 2>/dev/null; fi
  if [ -n "${TRACE:-}" ] && [ "$errors" = 1 ]; then
    ./pan -m500000 -w20 -E -i >/dev/null 2>&1
    # shellcheck disable=SC2086
    spin -t -p $flags "$model" | grep -vE '\[(else|\(1\)|IF|DO|\.\(goto\)|goto [a-z]+|break)\]$'
  fi
  cd / && rm -rf "$folder"
  [ $outcome = ok ]
}

# The variables whose assertions may fail, as in cases.txt.
properties='commitsFrom|used|revokedWhileHashing|tokensRevoked|verifiedOldPassword|told|ended|notices'
properties="$properties|reallyChanged|isGenuine|compared|codeWorks|linkWorks|gaveUp"
export -f run_case
export here properties TRACE="${TRACE:-}"
SECONDS=0
list_cases "${1:-}" | tr '\n' '\0' | xargs -0 -P "${JOBS:-2}" -I{} bash -c 'run_case "$1"' _ {}
status=$?
echo "$(list_cases "${1:-}" | wc -l) cases, $SECONDS s"
exit $((status == 0 ? 0 : 1))
