// SPDX-License-Identifier: MIT
// The programs' tokenizers on Thrust's host system.
#include "device/implementation.hpp"

std::unique_ptr<dht::examples::PhotoTokenizer> dht::examples::make_thrust_tokenizer(Common common) {
  return with_kernel<OnDeviceTokenizer>(std::move(common));
}
