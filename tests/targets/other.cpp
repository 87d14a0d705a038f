// SPDX-License-Identifier: MIT
// The file with flags of its own.
#define DHT_TEST_FILE "other"
#include "targets/targets.hpp"

const char* dht::test::loop_of_other_file() { return loop_of_this_file(); }

void dht::test::check_in_other_file(const ImageView<const float>& image) { check(image, "image"); }
