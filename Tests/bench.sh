#!/usr/bin/env bash
# Runs the standard set of measurements against the release build on this machine, as README shows them: bench.json, one line per run, and
# plots as SVG. Figures in one file compare with each other; on another day or machine only their ratios do.
#
#   Tests/bench.sh [FOLDER] [SECONDS]    where the results go (.build-bench), and how long each run measures (3)
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.build-bench}
seconds=${2:-3}
build=${BUILD:-.build-release/release}
bench=$build/causeway-bench
mkdir -p "$out"
work=$(mktemp -d)
server=
trap '{ kill "$server" && wait "$server"; } 2>/dev/null; rm -rf "$work"' EXIT

read -r web stun < <(python3 -c '
import socket
tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
for each in tcp, udp: each.bind(("127.0.0.1", 0))
print(tcp.getsockname()[1], udp.getsockname()[1])')
# Limits that a single load generator would meet long before the server's own.
export CAUSEWAY_LIMITS_REQUESTS_PER_SECOND=1000000 CAUSEWAY_LIMITS_REQUEST_BURST=1000000 \
    CAUSEWAY_LIMITS_ANONYMOUS_REQUESTS_PER_SECOND=1000000 CAUSEWAY_LIMITS_ANONYMOUS_REQUEST_BURST=1000000 \
    CAUSEWAY_LIMITS_NODE_REQUESTS_PER_SECOND=1000000 CAUSEWAY_LIMITS_NODE_REQUEST_BURST=1000000
"$build/causeway-server" serve --data "$work/data" --listen "127.0.0.1:$web" --stun "127.0.0.1:$stun" --admin off --admission open \
    --log-level error &
server=$!
for _ in $(seq 100); do
    sleep 0.1
    (exec 3<>"/dev/tcp/127.0.0.1/$web") 2>/dev/null && break
done
relay=(--url "https://127.0.0.1:$web" --insecure --server-pid "$server")
contestant="ours=https://127.0.0.1:$web,pid=$server,insecure"

# Every run's line goes to bench.json with a name of its own; its table is shown.
run() {
    local name=$1
    shift
    echo "== $name" >&2
    "$bench" "$@" | python3 -c '
import json, sys
for line in sys.stdin:
    found = json.loads(line)
    for record in found if isinstance(found, list) else [found]:
        print(json.dumps({"run": sys.argv[1], **record}))' "$name" >>"$out/bench.json"
}

: >"$out/bench.json"
for size in 64 1400; do
    run "compare-$size" compare floor "$contestant" --rounds 3 --size "$size" --seconds "$seconds"
done
run compare-one-in-flight compare floor "$contestant" --rounds 3 --pairs 100 --window 1 --seconds "$seconds"
for pairs in 1 10 100 500; do
    run "pairs-$pairs" relay "${relay[@]}" --pairs "$pairs" --window $((640 / pairs > 0 ? 640 / pairs : 1)) --seconds "$seconds"
done
for size in 64 256 1400 8000 65536; do run "size-$size" relay "${relay[@]}" --size "$size" --seconds "$seconds"; done
run overload relay "${relay[@]}" --overload --seconds "$seconds"
for pattern in one-to-many many-to-one; do
    run "$pattern" relay "${relay[@]}" --pattern "$pattern" --pairs 20 --window 16 --seconds "$seconds"
done
run stalled relay "${relay[@]}" --pattern stalled --pairs 100 --window 16 --seconds "$seconds"
run idle idle "${relay[@]}" --connections 4000 --seconds "$seconds"
run connect idle "${relay[@]}" --connections 1000 --churn --seconds 1
run connect-resumed idle "${relay[@]}" --connections 1000 --churn --resume --seconds 1
run stun stun --target "127.0.0.1:$stun" --server-pid "$server" --seconds "$seconds"
line=$("$build/causeway-server" invite --data "$work/data" --reusable | grep -o 'causeway[+a-z]*://[^ '"'"']*' | head -1)
run coordination coordination "$line" --nodes 500 --streams 500 --server-pid "$server"
python3 Tests/plot.py "$out/bench.json" "$out"
