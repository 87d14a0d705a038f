// SPDX-License-Identifier: MIT
// cuda_pipeline: images that are made on the GPU become tokens there, batch after batch, in a stream of one's own; only
// the numbers of tokens reach the host.
#include <cstdint>
#include <iostream>

#include <dht/thrust.hpp>

namespace {

struct Policies : dht::DefaultPolicies {
  using Backend = dht::backend::Thrust;
};

/// Stands for a decoder, or a renderer, that leaves its pictures in the GPU's memory: discs on a gradient.
__global__ void draw(std::uint8_t* rgb, int batch, int side, int frame) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= batch * side * side) return;
  const int b = i / (side * side), y = i / side % side, x = i % side;
  const int dy = y - side / 2, dx = x - side / 2 - 4 * (b + frame);
  const bool disc = dy * dy + dx * dx < side * side / 16;
  rgb[3 * i] = static_cast<std::uint8_t>(disc ? 230 : 255 * y / side);
  rgb[3 * i + 1] = static_cast<std::uint8_t>(disc ? 60 : 255 * x / side);
  rgb[3 * i + 2] = 90;
}

void run() {
  constexpr int batch = 8, side = 256;
  cudaStream_t stream = nullptr;
  DHT_CUDA(cudaStreamCreate(&stream));
  dht::TokenizerParts<Policies> parts;
  parts.backend = dht::backend::Thrust(stream);
  dht::Tokenizer<Policies> tokenizer(std::move(parts));

  std::uint8_t* rgb = nullptr;
  DHT_CUDA(cudaMalloc(&rgb, std::size_t{3} * batch * side * side));
  auto images = dht::interleaved_view<const std::uint8_t>(rgb, side, side, 3);
  images.batch = batch;
  for (int frame = 0; frame < 4; ++frame) {
    draw<<<(batch * side * side + 255) / 256, 256, 0, stream>>>(rgb, batch, side, frame);
    DHT_CUDA(cudaGetLastError());
    const auto& tokens = tokenizer(dht::on_device(images));  // labels, boxes and features stay where they are
    std::cout << "batch " << frame << ": " << tokens.count() << " tokens, "
              << tokenizer.backend().cache()->allocations() << " blocks of memory so far\n";
  }
  DHT_CUDA(cudaFree(rgb));
  DHT_CUDA(cudaStreamDestroy(stream));
}

}  // namespace

int main() {
  try {
    run();
  } catch (const dht::Error& error) {
    std::cerr << "cuda_pipeline: " << error.what() << '\n';
    return 2;
  }
}
