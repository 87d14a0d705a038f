// SPDX-License-Identifier: MIT
// Prints a number for everything that the library computes from a few images. Built with several sets of compiler flags,
// it must print the same number.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

#include <dht/dht.hpp>

namespace {

/// FNV-1a over the bytes of a value.
struct Fingerprint {
  std::uint64_t value = 14695981039346656037u;

  template <class T>
  void add(const T* data, std::size_t count) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < count * sizeof(T); ++i) value = (value ^ bytes[i]) * 1099511628211u;
  }
  template <class Values>
  void add_all(const Values& values) {
    add(values.data(), values.size());
  }
};

/// Blobs, ramps and noise, by integers alone.
std::vector<std::uint8_t> picture(int height, int width, std::uint32_t seed) {
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(height) * width * 3);
  std::uint32_t state = seed;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        state = state * 1664525u + 1013904223u;
        const int blob =
            ((x - 40) * (x - 40) + (y - 30) * (y - 30) < 900 ? 90 : 0) + (y > height / 2 ? 50 * c : 0);
        rgb[(static_cast<std::size_t>(y) * width + x) * 3 + c] =
            static_cast<std::uint8_t>((x + 2 * y * c) / 4 + blob + static_cast<int>(state >> 28));
      }
    }
  }
  return rgb;
}

template <class S>
dht::ConvolutionalParameters<S> parameters() {
  std::uint32_t state = 7;
  const auto values = [&](std::size_t n, double scale, double shift) {
    std::vector<S> v(n);
    for (S& x : v) {
      state = state * 1664525u + 1013904223u;
      x = static_cast<S>(shift + scale * (static_cast<int>(state >> 16) - 32768) / 32768.0);
    }
    return v;
  };
  const auto layer = [&](std::size_t outputs, std::size_t taps) {
    return dht::ConvolutionAndNorm<S>{values(outputs * taps, 0.8, 0), values(outputs, 0.3, 0),
                                      values(outputs, 0.5, 1),        values(outputs, 0.2, 0),
                                      values(outputs, 0.2, 0),        values(outputs, 0.5, 1)};
  };
  dht::ConvolutionalParameters<S> p;
  p.fine = layer(8, 3);
  p.middle = layer(32, 12);
  p.coarse = layer(8, 128);
  return p;
}

template <class Policies>
void take(Fingerprint& f, dht::TokenizerParts<Policies> parts) {
  dht::Tokenizer<Policies> tokenizer(std::move(parts));
  for (const auto& [height, width] : {std::pair{97, 131}, std::pair{64, 64}, std::pair{1, 40}}) {
    const auto rgb = picture(height, width, static_cast<std::uint32_t>(height));
    const auto& tokens = tokenizer(dht::interleaved_view(rgb.data(), height, width, 3));
    const auto& tree = tokenizer.hierarchy();
    f.add_all(tree.pixel_features);
    f.add_all(tree.pixel_similarity);
    f.add_all(tree.pixel_parent);
    f.add_all(tree.parent);
    f.add_all(tree.mean);
    f.add_all(tree.variance);
    f.add_all(tree.information);
    f.add_all(tree.similarity);
    f.add_all(tokens.partition.labels);
    f.add_all(tokenizer.tokens(17).partition.labels);
  }
}

template <class S, class Kernel>
struct Colour : dht::ColourPolicies {
  using Scalar = S;
  using Similarity = Kernel;
};
template <class S>
struct Learned : dht::DefaultPolicies {
  using Scalar = S;
};

}  // namespace

int main() {
  Fingerprint f;
  take<Colour<float, dht::Gaussian>>(f, {});
  take<Colour<float, dht::Cosine>>(f, {});
  take<Colour<double, dht::Laplacian>>(f, {});
  take<Learned<float>>(f, {dht::ConvolutionalEncoder<float>(parameters<float>())});
  take<Learned<double>>(f, {dht::ConvolutionalEncoder<double>(parameters<double>())});
  std::printf("%016llx\n", static_cast<unsigned long long>(f.value));
}
