// SPDX-License-Identifier: MIT
// The programs' tokenizers on CUDA.
#include "device/implementation.hpp"

std::unique_ptr<dht::examples::PhotoTokenizer> dht::examples::make_cuda_tokenizer(Common common) {
  return with_kernel<OnDeviceTokenizer>(std::move(common));
}
