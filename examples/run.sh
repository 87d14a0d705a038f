#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing (Debian), builds the three programs that this needs, draws a picture and makes tokens and an SVG
# drawing of it. The other programs are built on demand: cmake --build build/release --target dht_examples
set -eu
cd "$(dirname "$0")/.."

echo "1 of 3: what this needs of Debian's packages"
. cmake/install_packages.sh
install_packages build program
. cmake/ccache.sh

echo "2 of 3: three programs, compiled in a minute or two; the percentage is of all"
# A build folder that is there already keeps its settings; a new one is for the programs alone.
build=build/release
if [ ! -f $build/Makefile ] && [ ! -f $build/build.ninja ]; then
  cmake --preset release -D DHT_BUILD_TESTS=OFF -D DHT_BUILD_BENCHMARKS=OFF >/dev/null
fi
cmake --build $build --parallel "$(nproc)" --target draw_sample tokenize vectorize

echo "3 of 3: a picture, its tokens, its drawing"
out=out/sample
mkdir -p $out
$build/examples/apps/draw_sample $out/sample.png
$build/examples/apps/tokenize $out/sample.png --output $out
$build/examples/apps/vectorize $out/sample.png --output $out
printf '\nLook at these two pictures, of %s:\n' "$out/sample.png"
for picture in boundaries.png sample.svg; do echo "  $(pwd)/$out/$picture"; done
