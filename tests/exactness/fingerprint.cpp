// SPDX-License-Identifier: MIT
// Prints a hash for each kind of thing that the library computes from a few images: a line each, its name and its hash.
// Built with other compilers, flags, or for other processors, it must print the same lines.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <dht/dht.hpp>

namespace {

/// FNV-1a over numbers, each by its bits from the lowest byte up, whatever the order in memory.
struct Fingerprint {
  std::uint64_t value = 14695981039346656037u;

  template <class T>
  void add(T number) {
    using Bits = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
    static_assert(sizeof(T) == sizeof(Bits));
    std::uint64_t bits = dht::detail::bit_cast<Bits>(number);
    for (std::size_t i = 0; i < sizeof(T); ++i, bits >>= 8) value = (value ^ (bits & 255)) * 1099511628211u;
  }
  template <class Values>
  void add_all(const Values& values) {
    for (std::size_t i = 0; i < values.size(); ++i) add(values.data()[i]);
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

/// Uneven numbers around 0, by integers alone.
template <class S>
std::vector<S> upstream_gradient(std::size_t count) {
  std::vector<S> values(count);
  std::uint32_t state = 11;
  for (S& x : values) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<S>(static_cast<int>(state >> 16) - 32768) / S(32768);
  }
  return values;
}

/// The hashes of one tokenizer.
struct Hashes {
  Fingerprint features, hierarchy, labels, gradients;

  void print(const char* policies) const {
    const auto line = [&](const char* name, const Fingerprint& f) {
      std::printf("%s.%s %016llx\n", policies, name, static_cast<unsigned long long>(f.value));
    };
    line("features", features);
    line("hierarchy", hierarchy);
    line("labels", labels);
    line("gradients", gradients);
  }
};

template <class S>
void add_gradients(Fingerprint& f, const dht::ConvolutionalParameters<S>& gradients) {
  for (const auto* layer : {&gradients.fine, &gradients.middle, &gradients.coarse}) {
    f.add_all(layer->weight);
    f.add_all(layer->bias);
    f.add_all(layer->norm_weight);
    f.add_all(layer->norm_bias);
  }
}
template <class Nothing>
void add_gradients(Fingerprint&, const Nothing&) {}

template <class Policies>
void take(const char* name, dht::TokenizerParts<Policies> parts) {
  using S = typename Policies::Scalar;
  Hashes hashes;
  dht::Tokenizer<Policies> tokenizer(std::move(parts));
  for (const auto& [height, width] : {std::pair{97, 131}, std::pair{64, 64}, std::pair{1, 40}}) {
    const auto rgb = picture(height, width, static_cast<std::uint32_t>(height));
    const auto image = dht::interleaved_view(rgb.data(), height, width, 3);
    const auto& tree = tokenizer.forward(image);
    hashes.features.add_all(tree.pixel_features);
    hashes.hierarchy.add_all(tree.pixel_similarity);
    hashes.hierarchy.add_all(tree.pixel_parent);
    hashes.hierarchy.add_all(tree.parent);
    hashes.hierarchy.add_all(tree.mean);
    hashes.hierarchy.add_all(tree.variance);
    hashes.hierarchy.add_all(tree.information);
    hashes.hierarchy.add_all(tree.similarity);
    const auto cut = [&](const dht::Tokens<S>& tokens) {
      hashes.labels.add_all(tokens.partition.labels);
      const auto rows = static_cast<std::size_t>(tokens.count());
      const auto columns = static_cast<std::size_t>(tree.features);
      const std::vector<S> upstream = upstream_gradient<S>(rows * columns);
      auto gradients = tokenizer.gradients();
      std::vector<S> grad_image(rgb.size());
      tokenizer.backward(image, dht::MatrixView<const S>{upstream.data(), tokens.count(), tree.features},
                         gradients, grad_image.data());
      add_gradients(hashes.gradients, gradients.encoder);
      hashes.gradients.add_all(gradients.self_loop.weight);
      hashes.gradients.add_all(grad_image);
    };
    cut(tokenizer.select());
    cut(tokenizer.tokens(17));
    cut(tokenizer.refine(1));
  }
  hashes.print(name);
}

/// A drawing by price: every fit of lines, arcs and curves, and the text of all numbers.
void take_drawings() {
  const int height = 97, width = 131;
  dht::Picture photo(height, width);
  photo.rgb = picture(height, width, 5);
  dht::Drawer drawer;
  drawer.build(photo);
  for (const auto& [name, strokes] :
       {std::pair{"lines", dht::Strokes::lines}, std::pair{"circles", dht::Strokes::circles},
        std::pair{"curves", dht::Strokes::curves}}) {
    dht::DrawingOptions options = dht::Drawer::for_photos();
    options.fit.strokes = strokes;
    options.fit.grid = strokes == dht::Strokes::curves ? 2 : 1;
    Fingerprint f;
    f.add_all(drawer.draw(2000, options));
    std::printf("drawing.%s %016llx\n", name, static_cast<unsigned long long>(f.value));
  }
}

template <class S, class Kernel>
struct Colour : dht::ColourPolicies {
  using Scalar = S;
  using Similarity = Kernel;
};
struct ColourOfEight : Colour<float, dht::Cosine> {
  using Graph = dht::PixelGrid<dht::EightConnected>;
  using Criterion = dht::Bic;
  using Selection = dht::OptimalCut<>;
};
template <class S>
struct Learned : dht::TrainingPolicies {
  using Scalar = S;
};

}  // namespace

int main() {
  take<Colour<float, dht::Gaussian>>("colour.float.gaussian", {});
  take<Colour<double, dht::Laplacian>>("colour.double.laplacian", {});
  take<ColourOfEight>("colour.float.cosine.eight", {});
  take<Learned<float>>("learned.float", {dht::TrainableEncoder<float>(parameters<float>())});
  take_drawings();
}
