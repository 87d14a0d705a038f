#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (Debian), builds all tests and runs them: as they are released, then with sanitizers.
# tests/run.sh [PRESET...]; without arguments the presets of CMakePresets.json `release` and `asan`.
set -eu
cd "$(dirname "$0")/.."

. cmake/install_packages.sh
install_packages build program test
. cmake/ccache.sh

if [ $# -eq 0 ]; then set -- release asan; fi
jobs=$(nproc)
for preset in "$@"; do
  printf '\n== %s ==\n' "$preset"
  cmake --preset "$preset"
  cmake --build --preset "$preset" --parallel "$jobs"
  ctest --preset "$preset" --parallel "$jobs"
done
