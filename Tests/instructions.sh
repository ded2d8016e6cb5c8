#!/usr/bin/env bash
# Counts what a relayed packet and a STUN request cost the relay in instructions of its own program (libraries and kernel left out)
# and in allocations, under valgrind, and fails above the thresholds. Unlike times, these counts are nearly the same on every machine.
#
#   Tests/instructions.sh [FOLDER]    FOLDER holds the release build; .build-release/release unless given
set -euo pipefail
cd "$(dirname "$0")/.."

# Instructions of our own per packet or request, with a tenth to spare. Allocations in all: those of a run's logins, which come before
# its packets; were there one for each packet, they would be tens of thousands.
declare -A limits=([packet]=740 [packet64]=680 [request]=2060)
allocations=3000

build=${1:-.build-release/release}
work=$(mktemp -d)
trap '{ kill "$server" && wait "$server"; } 2>/dev/null || true; rm -rf "$work"' EXIT
server=

# valgrind cannot read Swift's debug information. Without TLS, HTTP and other shards, what is counted is our own.
cp "$build/causeway-bench" "$work/server"
strip --strip-debug "$work/server"
mkfifo "$work/addresses"
valgrind --tool=callgrind --dump-line=no --callgrind-out-file="$work/counts" "$work/server" bare-relay \
    >"$work/addresses" 2>"$work/log" &
server=$!
read -r web stun <"$work/addresses" || { cat "$work/log" >&2; exit 1; }

# Runs a load twice and counts during the second run: first uses are not what is asked for.
measure() {
    local name=$1 field=$2
    shift 2
    "$build/causeway-bench" "$@" --seconds 1 >/dev/null 2>&1
    callgrind_control -z "$server" >/dev/null
    "$build/causeway-bench" "$@" --seconds 2 2>/dev/null >"$work/report"
    callgrind_control -d "$server" >/dev/null
    local count dump
    count=$(python3 -c "
import json, sys
report = json.load(open('$work/report'))
print(round($field))")
    dump=$(ls -t "$work"/counts.* | head -1)
    awk -v name="$name" -v count="$count" -v limit="${limits[$name]}" -v allocations="$allocations" '
        # Names are written once and then go by their number.
        function full(text, names,    number) {
            number = text; sub(/\).*/, ")", number)
            if (text ~ /\) /) { sub(/^[^ ]* /, "", text); names[number] = text }
            return names[number]
        }
        /^ob=/ { object = full(substr($0, 4), objects) }
        /^cob=/ { full(substr($0, 5), objects) }
        /^fn=/ { full(substr($0, 4), functions) }
        /^cfn=/ { called = full(substr($0, 5), functions) }
        # The line behind it is the cost of the called function, which is counted where it is spent.
        /^calls=/ { split(substr($0, 7), parts, " "); if (called ~ /^(malloc|calloc|realloc|posix_memalign)/) made += parts[1]; getline; next }
        /^[0-9+*-]/ { if (object ~ /\/server$/) own += $2 }
        END {
            printf "%s: %.0f instructions of %d allowed; %d allocations of %d allowed for %d in all\n", \
                name, own / count, limit, made, allocations, count
            exit count < 10000 || own / count > limit || made > allocations
        }' "$dump"
    rm "$dump"
}

failed=0
measure packet "report['packetsPerSecond'] * report['seconds']" \
    relay --url "http://$web" --pairs 2 --window 32 --size 1400 --warm-up 0 || failed=1
measure packet64 "report['packetsPerSecond'] * report['seconds']" \
    relay --url "http://$web" --pairs 2 --window 32 --size 64 --warm-up 0 || failed=1
measure request "report['requestsPerSecond'] * 2" \
    stun --target "$stun" --sockets 4 --window 8 --warm-up 0 || failed=1
exit "$failed"
