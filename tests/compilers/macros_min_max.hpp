// SPDX-License-Identifier: MIT
// The macros of <windows.h>, as a program has them that includes it before this library and after the standard one.
#pragma once

#include <bits/stdc++.h>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
