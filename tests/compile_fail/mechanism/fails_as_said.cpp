// SPDX-License-Identifier: MIT
// For the check itself: fails, and says what is expected.
// expects: numbers are not what this is about
#include <dht/core/error.hpp>
static_assert(sizeof(dht::Error) == 0, "numbers are not what this is about");
int main() {}
