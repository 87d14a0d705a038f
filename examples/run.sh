#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (Debian), builds the programs, draws a picture and makes tokens and an SVG drawing of it.
set -eu
cd "$(dirname "$0")/.."

. cmake/install_packages.sh
install_packages build program

# A build folder that is there already keeps its settings; a new one is for the programs alone.
build=build/release
if [ ! -f $build/Makefile ] && [ ! -f $build/build.ninja ]; then
  cmake --preset release -D DHT_BUILD_TESTS=OFF -D DHT_BUILD_BENCHMARKS=OFF
fi
cmake --build $build --parallel "$(nproc)" --target dht_examples

mkdir -p out/sample
$build/examples/draw_sample out/sample/sample.png
$build/examples/tokenize out/sample/sample.png --output out/sample
$build/examples/vectorize out/sample/sample.png --output out/sample
printf '\nThe results are in %s/out/sample:\n' "$(pwd)"
ls -l out/sample
