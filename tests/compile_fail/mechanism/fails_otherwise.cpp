// SPDX-License-Identifier: MIT
// For the check itself: fails for another reason than the expected one.
// expects: an error that nobody makes
static_assert(false, "quite another reason");
int main() {}
