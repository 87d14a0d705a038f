// SPDX-License-Identifier: MIT
// For the check itself: there is nothing wrong here, which the check must notice.
// expects: an error that nobody makes
int main() {}
