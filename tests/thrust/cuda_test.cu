// SPDX-License-Identifier: MIT
// The tests of the Thrust backend on CUDA. Without a device each says so and is skipped.
#include "tokenizer_test.cpp"
#include "training_test.cpp"
