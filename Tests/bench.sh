#!/usr/bin/env bash
# Runs the standard set of measurements against the release build on this machine, as README shows them: bench.json, one line per run,
# plots as SVG, and the table of README (figures.md). Figures in one file compare with each other; on another day or machine only their
# ratios do. Nothing else should run meanwhile. It takes a quarter of an hour.
#
#   Tests/bench.sh [FOLDER] [SECONDS]    where the results go (.build-bench), and how long each run measures (3)
#
# BUILD names another folder with the programs. turnserver (Debian's coturn) is used where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.build-bench}
seconds=${2:-3}
build=${BUILD:-.build-release/release}
bench=$build/causeway-bench
mkdir -p "$out"
work=$(mktemp -d -p "$out")
server=
coturn=
trap 'stop; { kill $coturn; } 2>/dev/null; rm -rf "$work"' EXIT

# Ports that no client is given (they begin at 32768): thousands of connections come and go while a server restarts on its own.
read -r web stun other < <(python3 -c '
import random, socket
def is_free(port):
    try:
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            with socket.socket(type=kind) as probe: probe.bind(("127.0.0.1", port))
        return True
    except OSError:
        return False
print(*[port for port in random.sample(range(20000, 32000), 100) if is_free(port)][:3])')
# Limits that a single load generator would meet long before the server's own.
export CAUSEWAY_LIMITS_REQUESTS_PER_SECOND=1000000 CAUSEWAY_LIMITS_REQUEST_BURST=1000000 \
    CAUSEWAY_LIMITS_ANONYMOUS_REQUESTS_PER_SECOND=1000000 CAUSEWAY_LIMITS_ANONYMOUS_REQUEST_BURST=1000000 \
    CAUSEWAY_LIMITS_NODE_REQUESTS_PER_SECOND=1000000 CAUSEWAY_LIMITS_NODE_REQUEST_BURST=1000000

# A server that nothing has used yet: what a run leaves in memory would hide what the next one needs.
start() {
    stop
    rm -rf "$work/data"
    "$build/causeway-server" serve --data "$work/data" --listen "127.0.0.1:$web" --stun "127.0.0.1:$stun" --admin off \
        --admission open --log-level error >"$work/log" &
    server=$!
    for _ in $(seq 100); do
        sleep 0.1
        (exec 3<>"/dev/tcp/127.0.0.1/$web") 2>/dev/null && break
    done
    relay=(--url "https://127.0.0.1:$web" --insecure --server-pid "$server")
    contestant="ours=https://127.0.0.1:$web,pid=$server,insecure"
}
stop() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
    server=
}

# Every line of a run goes to bench.json with the run's name; tables are shown.
record() {
    python3 -c '
import json, sys
for line in sys.stdin:
    found = json.loads(line)
    for record in found if isinstance(found, list) else [found]:
        print(json.dumps({"run": sys.argv[1], **record}))' "$1" >>"$out/bench.json"
}
run() {
    local name=$1
    shift
    echo "== $name" >&2
    "$bench" "$@" | record "$name"
}

: >"$out/bench.json"
start
for size in 64 1400; do
    run "compare-$size" compare floor "$contestant" --rounds 5 --size "$size" --seconds "$seconds"
done
run compare-one-in-flight compare floor "$contestant" --rounds 5 --pairs 100 --window 1 --seconds "$seconds"
start
run growth growth "${relay[@]}" --rounds 3 --seconds "$seconds"
start
for pairs in 1 10 100 500; do
    run "pairs-$pairs" relay "${relay[@]}" --pairs "$pairs" --window $((640 / pairs > 0 ? 640 / pairs : 1)) --seconds "$seconds"
done
for size in 64 256 1400 8000 65536; do run "size-$size" relay "${relay[@]}" --size "$size" --seconds "$seconds"; done

# Counting has a price, so that no other figure is taken meanwhile; it takes root.
if [ "$(id -u)" -eq 0 ]; then
    for size in 64 1400; do
        run "syscalls-$size" relay "${relay[@]}" --system-calls --size "$size" --seconds "$seconds"
    done
fi

for round in 1 2 3; do
    start
    run overload relay "${relay[@]}" --overload --seconds "$seconds"
done
for pattern in one-to-many many-to-one; do
    run "$pattern" relay "${relay[@]}" --pattern "$pattern" --pairs 20 --window 16 --seconds "$seconds"
done
for round in 1 2 3; do
    for pattern in pairs stalled; do
        run "stalled-$pattern" relay "${relay[@]}" --pattern "$pattern" --pairs 100 --window 16 --seconds "$seconds"
    done
done

# The last one for longer than a keep-alive interval, so that each connection gets one.
for count in 1000 4000 10000; do
    start
    run idle idle "${relay[@]}" --connections "$count" --seconds $((count < 10000 ? 1 : 66))
done
start
run connect connect "${relay[@]}"
run flood flood "${relay[@]}" --seconds "$seconds"

if command -v turnserver >/dev/null; then
    turnserver -n --listening-ip 127.0.0.1 --listening-port "$other" --relay-ip 127.0.0.1 --no-auth --stun-only --no-cli \
        --no-tls --no-dtls --log-file stdout --no-stdout-log --pidfile "$work/coturn.pid" >/dev/null 2>&1 &
    coturn=$!
    sleep 1
    if ! "$bench" stun --target "127.0.0.1:$other" --seconds 1 2>/dev/null | grep -q '"lost":0,'; then
        echo "coturn does not answer on port $other: there is no comparison with it" >&2
        kill $coturn
        coturn=
    fi
fi
for round in 1 2 3 4 5; do
    run stun stun --target "127.0.0.1:$stun" --server-pid "$server" --seconds "$seconds"
    [ -z "$coturn" ] || run coturn stun --target "127.0.0.1:$other" --server-pid "$coturn" --seconds "$seconds"
done

start
line=$("$build/causeway-server" invite --data "$work/data" --reusable | grep -o 'causeway[+a-z]*://[^ '"'"']*' | head -1)
for round in 1 2 3; do
    run coordination coordination "$line" --nodes 1000 --streams 1000 --workers 8 --server-pid "$server"
    echo "== commits" >&2
    sqlite=$work/commits-$round.db
    python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("VACUUM INTO ?", (sys.argv[2],))' \
        "$work/data/causeway.db" "$sqlite"
    python3 Tests/commits.py "$sqlite" 8 | record commits
done
stop
echo "== cold start" >&2
python3 Tests/coldstart.py "$build/causeway-server" "$work/data" 100000 "127.0.0.1:$web" "127.0.0.1:$stun" | record coldstart

python3 Tests/plot.py "$out/bench.json" "$out"
python3 Tests/figures.py "$out/bench.json" | tee "$out/figures.md"
