// SPDX-License-Identifier: MIT
// The part of -ffast-math that forgets NaN.
// compiled with: -ffinite-math-only
// expects: "dht: -ffast-math and its parts change labels and let NaN pass
#include <dht/core/view.hpp>

int main() {}
