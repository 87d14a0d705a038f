// SPDX-License-Identifier: MIT
// What the README beside this folder shows wrongly.
// example-begin changed
int answer() { return 42; }
// example-end changed
// example-begin lost
int lost[1];
// example-end lost
