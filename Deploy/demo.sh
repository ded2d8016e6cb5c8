#!/usr/bin/env bash
# Shows what Causeway does, in under a minute after the build: a server and two clients, first by relay, then direct.
#
# As root the clients sit behind two real NATs (network namespaces, nftables masquerade, an INPUT drop as on a home router);
# without root everything runs on loopback. Nothing is left behind.
#
#   Deploy/demo.sh              build what is missing, then the demonstration
#   CAUSEWAY_BIN=DIR Deploy/demo.sh    use programs that are built already
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    echo "demo: $1" >&2
    tail -n 20 "$work"/*.log >&2 2> /dev/null || true
    exit 1
}

Deploy/prerequisites.sh demo
if [ -z "${CAUSEWAY_BIN:-}" ]; then
    say "Building (the first time takes a few minutes)"
    swift build -c release --scratch-path .build-release -j "$(nproc)" --product causeway-server
    swift build -c release --scratch-path .build-release -j "$(nproc)" --product causeway
    CAUSEWAY_BIN=.build-release/release
fi
server=$(realpath "$CAUSEWAY_BIN/causeway-server") client=$(realpath "$CAUSEWAY_BIN/causeway")

work=$(mktemp -d)
prefix=cwdemo$$
namespaces=()
programs=()
cleanup() {
    trap - EXIT INT TERM
    for pid in "${programs[@]}"; do kill "$pid" 2> /dev/null || true; done
    for pid in "${programs[@]}"; do wait "$pid" 2> /dev/null || true; done
    for name in "${namespaces[@]}"; do ip netns del "$name" 2> /dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# at PLACE COMMAND…: runs a command in a namespace of the demonstration, or right here without root.
at() {
    local place=$1
    shift
    if [ ${#namespaces[@]} -gt 0 ]; then ip netns exec "$prefix-$place" "$@"; else "$@"; fi
}

# start PLACE LOG COMMAND…: the same in the background, until the end of the demonstration.
start() {
    local place=$1 log=$2 inside=()
    shift 2
    [ ${#namespaces[@]} -eq 0 ] || inside=(ip netns exec "$prefix-$place")
    "${inside[@]}" "$@" > "$log" 2>&1 &
    programs+=($!)
}

namespace() {
    ip netns add "$prefix-$1"
    namespaces+=("$prefix-$1")
    ip -n "$prefix-$1" link set lo up
}

# cable A DEVICE ADDRESS  B DEVICE ADDRESS: joins two namespaces.
cable() {
    ip link add name "cwd$$l" type veth peer name "cwd$$r"
    for end in "l $1 $2 $3" "r $4 $5 $6"; do
        # shellcheck disable=SC2086
        set -- $end
        ip link set "cwd$$$1" netns "$prefix-$2"
        ip -n "$prefix-$2" link set "cwd$$$1" name "$3"
        ip -n "$prefix-$2" addr add "$4" dev "$3"
        ip -n "$prefix-$2" link set "$3" up
    done
}

# home NUMBER HOST: a home network, its router with NAT, and a machine in it.
home() {
    local router=router$1 host=$2
    namespace "$router"
    namespace "$host"
    cable internet "home$1" "198.51.100.$((16 * $1 + 1))/28" "$router" wan "198.51.100.$((16 * $1 + 2))/28"
    cable "$router" lan "192.168.$1.1/24" "$host" eth0 "192.168.$1.10/24"
    ip -n "$prefix-$router" route add default via "198.51.100.$((16 * $1 + 1))"
    ip -n "$prefix-$host" route add default via "192.168.$1.1"
    at "$router" sysctl -qw net.ipv4.ip_forward=1
    at "$router" nft -f - << 'RULES'
table ip nat {
  chain source { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
}
table inet filter {
  chain input { type filter hook input priority 0; iifname "wan" ct state established,related accept; iifname "wan" drop; }
  chain forward { type filter hook forward priority 0; iifname "wan" ct state established,related accept; iifname "wan" drop; }
}
RULES
}

if [ "$(id -u)" -eq 0 ]; then
    say "Two homes behind NAT routers, and a server on the Internet (network namespaces)"
    namespace internet
    namespace vps
    at internet sysctl -qw net.ipv4.ip_forward=1
    cable internet vps 203.0.113.1/28 vps wan 203.0.113.2/28
    ip -n "$prefix-vps" addr add 203.0.113.3/28 dev wan
    ip -n "$prefix-vps" route add default via 203.0.113.1
    home 1 alice
    home 2 bob
    echo "alice 192.168.1.10 -- NAT 198.51.100.18 --+"
    echo "                                          +-- Internet -- server 203.0.113.2"
    echo "bob   192.168.2.10 -- NAT 198.51.100.34 --+"
    addresses=(--listen 203.0.113.2:443 --stun 203.0.113.2:3478 --stun-alternate 203.0.113.3:3479)
    up=()
    at router1 ping -c 1 -W 1 192.168.2.10 > /dev/null 2>&1 && fail "the two homes reach each other without Causeway: the demonstration would prove nothing"
else
    say "Not root: server and clients share this machine's loopback (run as root to see two real NATs)"
    addresses=(--listen 127.0.0.1:0 --stun 127.0.0.1:0)
    # The gateway here is a real one: a demonstration leaves it alone.
    up=(--loopback --no-port-mapping)
fi

say "\$ causeway-server serve"
start vps "$work/server.log" "$server" serve --data "$work/server" "${addresses[@]}" --admin 127.0.0.1:0
for _ in $(seq 100); do
    [ -S "$work/server/admin.sock" ] && at vps "$server" invite --data "$work/server" > "$work/line" 2> /dev/null && break
    sleep 0.1
done
[ -s "$work/line" ] || fail "the server did not start"
cat "$work/server.log"

for name in alice bob; do
    line=$(at vps "$server" invite --data "$work/server")
    say "$name\$ causeway up '$line'"
    start "$name" "$work/$name.log" "$client" up "$line" --state "$work/$name" --name "$name" "${up[@]}"
done
for _ in $(seq 100); do
    at alice "$client" status --state "$work/alice" 2> /dev/null | grep -q bob && break
    sleep 0.1
done

say "alice\$ causeway ping bob --until-direct"
at alice "$client" ping bob --until-direct --state "$work/alice" || fail "no direct path"

relayed() { at vps "$server" stats --data "$work/server" | grep '^relayed'; }
say "vps\$ causeway-server stats | grep relayed     # before, and after three more pings"
before=$(relayed)
echo "$before"
at alice "$client" ping bob --count 3 --state "$work/alice" || fail "no answer"
after=$(relayed)
echo "$after"
[ "$before" = "$after" ] || fail "the pings took the relay"

say "alice\$ causeway status"
at alice "$client" status --state "$work/alice"
say "vps\$ causeway-server stats"
at vps "$server" stats --data "$work/server"
say "Done: the first reply came by relay, the later ones straight from the peer, and the relay carried none of them."
