// SPDX-License-Identifier: MIT
// The program that calls every public function of the library, as one translation unit (a unity build).
#include "drawings.cpp"
#include "files.cpp"
#include "learning.cpp"
#include "main.cpp"
#include "regions.cpp"
#include "tokens.cpp"
