// SPDX-License-Identifier: MIT
// A user's program that reads checkpoints: dht::io brings what this needs.
#include <cstdio>

#include <dht/io/safetensors.hpp>

int main() { std::puts("dht::io"); }
