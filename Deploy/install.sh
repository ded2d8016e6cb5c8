#!/usr/bin/env bash
# Sets up a Debian VPS as a Causeway server from a release build, and prints the line that the first machine joins with.
#
#   Deploy/install.sh [--binary FILE] [--address NAME-OR-IP] [--no-start]
#
# Run it again to upgrade: it replaces the program, keeps configuration and data, and restarts the service.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=.build-release/release/causeway-server
address=
start=yes
while [ $# -gt 0 ]; do
    case "$1" in
        --binary) binary=${2:?--binary needs a file}; shift 2 ;;
        --address) address=${2:?--address needs a name or an address}; shift 2 ;;
        --no-start) start=no; shift ;;
        *) echo "usage: Deploy/install.sh [--binary FILE] [--address NAME-OR-IP] [--no-start]" >&2; exit 64 ;;
    esac
done
fail() { echo "install: $1" >&2; exit "${2:-1}"; }

[ "$(id -u)" -eq 0 ] || fail "needs root: run it with sudo" 77
[ -x "$binary" ] || fail "no program at $binary: build it with
    swift build -c release --static-swift-stdlib --scratch-path .build-release --product causeway-server
or name one with --binary" 66

missing=()
for package in libssl3 libsqlite3-0 libsodium23 ca-certificates; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
fi

"$binary" version > /dev/null || fail "$binary does not run here; was it built with --static-swift-stdlib?"
getent passwd causeway > /dev/null || useradd --system --home-dir /var/lib/causeway --no-create-home --shell /usr/sbin/nologin causeway
install -D -m 0755 "$binary" /usr/local/bin/causeway-server.new
mv /usr/local/bin/causeway-server.new /usr/local/bin/causeway-server
install -d -m 0755 /etc/causeway
install -d -m 0700 -o causeway -g causeway /var/lib/causeway
install -m 0644 Deploy/causeway.nft /etc/causeway/causeway.nft
install -D -m 0644 README.md /usr/local/share/doc/causeway/README.md
if [ ! -e /etc/causeway/causeway-server.yaml ]; then
    install -m 0644 Config/causeway-server.yaml /etc/causeway/causeway-server.yaml
    if [ -n "$address" ]; then
        printf '\n# Set by install.sh: the name or address that clients dial.\npublic-hosts: ["%s"]\n' "$address" \
            >> /etc/causeway/causeway-server.yaml
    fi
fi
/usr/local/bin/causeway-server check-config --config /etc/causeway/causeway-server.yaml > /dev/null
install -m 0644 Deploy/causeway-server.service /etc/systemd/system/causeway-server.service

if [ "$start" = no ] || [ ! -d /run/systemd/system ]; then
    echo "installed; start it with: systemctl enable --now causeway-server"
    exit 0
fi
systemctl daemon-reload
systemctl enable --quiet causeway-server
systemctl restart causeway-server
echo "causeway-server is running. Let TCP 443 and UDP 3478 in (an example is in /etc/causeway/causeway.nft)."
echo "Join a machine with:"
echo "    causeway up '$(runuser -u causeway -- /usr/local/bin/causeway-server invite --data /var/lib/causeway)'"
