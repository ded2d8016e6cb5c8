#!/usr/bin/env bash
# Installs what is missing and runs every test: style, units, vectors, live sockets, then the built programs against programs
# that others wrote, and (as root) across real NATs. Ends with the test runner's own closing line.
#
#   Tests/run.sh            everything
#   Tests/run.sh -k nat     words after it go to pytest, which runs the end-to-end part
set -euo pipefail
cd "$(dirname "$0")/.."

Deploy/prerequisites.sh tests
# Warnings are errors; a crash must not wait for an interactive backtrace.
export CAUSEWAY_STRICT=1 SWIFT_BACKTRACE=enable=no
jobs=(-j 2)

swift format lint --strict --recursive Package.swift Sources Tests
swift build "${jobs[@]}" --build-tests
# The simulated Internet writes who reaches whom directly, NAT kind by NAT kind, and how ports are guessed.
export CAUSEWAY_GRID=$PWD/.build/nat-grid.md CAUSEWAY_GUESSES=$PWD/.build/guesses.md
# Apart, because it keeps every core busy for half a minute: tests with live sockets have deadlines.
swift test "${jobs[@]}" --skip-build --quiet --filter TraversalTests
swift test "${jobs[@]}" --skip-build --quiet --skip TraversalTests
cat "$CAUSEWAY_GRID" "$CAUSEWAY_GUESSES"
# Some compiler faults show only with optimisation, and the end-to-end tests run what is shipped.
swift build "${jobs[@]}" -c release --scratch-path .build-release
# What a relayed packet and a STUN request cost, in instructions and allocations.
Tests/instructions.sh .build-release/release

[ -x .venv-tests/bin/python ] || python3 -m venv .venv-tests
.venv-tests/bin/pip install --quiet --disable-pip-version-check -r Tests/EndToEnd/requirements.txt
exec .venv-tests/bin/python -m pytest Tests/EndToEnd -q "$@"
