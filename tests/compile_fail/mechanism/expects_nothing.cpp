// SPDX-License-Identifier: MIT
// For the check itself: somebody forgot to say what is expected.
static_assert(false, "whatever");
int main() {}
