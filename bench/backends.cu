// SPDX-License-Identifier: MIT
// The benchmarks of backends.cpp on CUDA.
#include "backends.cpp"
