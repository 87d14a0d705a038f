// SPDX-License-Identifier: MIT
// The sentence of an error: what the tests of bad arguments compare.
#pragma once

#include <string>

#include <dht/core/error.hpp>

namespace dht::test {

/// The sentence of the dht::Error that `call` throws, or "(no error)".
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace dht::test
