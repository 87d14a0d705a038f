// SPDX-License-Identifier: MIT
// The x87 unit, whose registers hold more digits than a double. Its flag is GCC's; the compiler's own macro says the same.
// compiled with: -U__FLT_EVAL_METHOD__
// compiled with: -D__FLT_EVAL_METHOD__=2
// compiled with: -U__FLT_EVAL_METHOD_TS_18661_3__
// compiled with: -D__FLT_EVAL_METHOD_TS_18661_3__=2
// expects: "dht: float and double are computed with more digits than they have
#include <dht/tokenizer.hpp>

int main() {}
