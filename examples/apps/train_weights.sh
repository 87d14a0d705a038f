#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes include/dht/encoder/pretrained_values.hpp again: trains on a folder of photos, looks at a second one in between.
#   examples/apps/train_weights.sh TRAIN_DIR VALIDATION_DIR
# The same photos give the same numbers, to the last bit, for any number of threads.
set -eu
train=$(realpath "$1")
validation=$(realpath "$2")
cd "$(dirname "$0")/../.."

cmake -S . -B build/release -D CMAKE_BUILD_TYPE=Release
cmake --build build/release --parallel "$(nproc)" --target pretrain weights_to_header
build/release/examples/apps/pretrain "$train" --validation "$validation" --output out/weights \
  --steps 1500 --learning-rate 0.0005 --seed 1
build/release/examples/apps/weights_to_header out/weights/weights.safetensors include/dht/encoder/pretrained_values.hpp
