#!/usr/bin/env bash
# Installs the Debian packages that a task needs and that are missing.
#
#   Deploy/prerequisites.sh build    what the build needs
#   Deploy/prerequisites.sh demo     … and what Deploy/demo.sh needs
#   Deploy/prerequisites.sh tests    … and what Tests/run.sh needs
set -euo pipefail

build=(libssl-dev libsqlite3-dev libsodium-dev pkg-config)
demo=(iproute2 nftables procps iputils-ping)
tests=(
    python3 python3-venv curl openssl coturn stun-client prometheus tcpdump
    conntrack miniupnpd-nftables miniupnpc natpmpc tayga valgrind
)

case "${1:-}" in
    build) wanted=("${build[@]}") ;;
    demo) wanted=("${build[@]}" "${demo[@]}") ;;
    tests) wanted=("${build[@]}" "${demo[@]}" "${tests[@]}") ;;
    *)
        echo "usage: Deploy/prerequisites.sh build|demo|tests" >&2
        exit 64
        ;;
esac

if ! command -v swift > /dev/null; then
    echo "no swift in PATH: install Swift 6.3 from https://www.swift.org/install/linux/ and run this again" >&2
    exit 69
fi

missing=()
for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "missing packages: ${missing[*]}; install them as root: apt-get install ${missing[*]}" >&2
        exit 69
    fi
    as_root=(sudo)
fi
echo "installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
# The services that some packages bring (coturn, miniupnpd, prometheus, tayga) must not start: tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" > /dev/null
    "${as_root[@]}" chmod +x "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
