// SPDX-License-Identifier: MIT
// One program of two files with different compiler flags: what each of them has.
#pragma once

#include <dht/backend/instruction_set.hpp>
#include <dht/core/config.hpp>
#include <dht/core/view.hpp>

namespace dht::test {

/// Tells for which file it was compiled, though its name is the same in both.
struct WhoAmI {
  const char** name;
  DHT_INLINE void operator()() const { *name = DHT_TEST_FILE; }
};

/// This file's loop. It is called as it is linked, which a compiler that knows what it calls might change.
static inline const char* loop_of_this_file() {
  const char* name = "";
  void (*volatile run)(backend::InstructionSet, const WhoAmI&) = &backend::run<WhoAmI>;
  run(backend::InstructionSet::baseline, WhoAmI{&name});
  return name;
}

/// The other file's, and an error from there.
const char* loop_of_other_file();
void check_in_other_file(const ImageView<const float>& image);

}  // namespace dht::test
