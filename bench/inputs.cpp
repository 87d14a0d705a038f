// SPDX-License-Identifier: MIT
// The photo and the weights that benchmarks work on.
#include "inputs.hpp"

#include <cmath>
#include <cstdlib>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>

#include "common/sample_picture.hpp"
#ifdef DHT_HAVE_PHOTO_READER
#include "common/image_file.hpp"
#endif

namespace dht::bench {
namespace {

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : nullptr;
}

#ifdef DHT_HAVE_PHOTO_READER
Picture read_picture(const char* path) { return examples::read_photo(path).picture(); }
#else
Picture read_picture(const char*) {
  detail::fail(
      {"DHT_PHOTO: is set, but photos are read by the example programs' code; build with "
       "DHT_BUILD_EXAMPLES=ON"});
}
#endif

Picture photo_part(const Picture& from, int side) {
  Picture part(side, side);
  const auto mirrored = [](int i, int n) { return i / n % 2 == 0 ? i % n : n - 1 - i % n; };
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const std::uint8_t* pixel = from.pixel(mirrored(y, from.height), mirrored(x, from.width));
      for (int c = 0; c < 3; ++c) part.pixel(y, x)[c] = pixel[c];
    }
  return part;
}

/// The generator's own integers: standard distributions differ from library to library.
class Random {
 public:
  /// Uniform in [-size, size).
  std::vector<float> operator()(int count, double size) {
    std::vector<float> values;
    for (int i = 0; i < count; ++i)
      values.push_back(static_cast<float>(size * (static_cast<double>(engine_()) / 2147483648.0 - 1)));
    return values;
  }

 private:
  std::mt19937 engine_{2511};
};

ConvolutionAndNorm<float> layer(Random& random, int outputs, int taps, double size) {
  const auto n = static_cast<std::size_t>(outputs);
  return {random(outputs * taps, size / std::sqrt(taps)),
          random(outputs, 0.1),
          std::vector<float>(n, 1),
          random(outputs, 0.1),
          std::vector<float>(n, 0),
          std::vector<float>(n, 1)};
}

Checkpoint<float> generated_weights() {
  constexpr int channels = 3, features = 8;
  Random random;
  Checkpoint<float> c;
  c.encoder.channels = channels;
  c.encoder.features = features;
  c.encoder.mean = {0.485, 0.456, 0.406};
  c.encoder.standard_deviation = {0.229, 0.224, 0.225};
  c.encoder.fine = layer(random, features, channels, 0.8);
  c.encoder.middle = layer(random, 4 * features, channels * 4, 0.8);
  c.encoder.coarse = layer(random, features, 4 * features * 4, 0.8);
  c.self_loop.weight = random(features, 1.0);
  c.self_loop.bias = 1.5;
  return c;
}

}  // namespace

const Picture& photo(int side) {
  static std::map<int, Picture> photos;
  const auto [place, fresh] = photos.try_emplace(side);
  if (fresh) {
    const char* path = environment("DHT_PHOTO");
    static const Picture file = path ? read_picture(path) : Picture{};
    place->second = path ? photo_part(file, side) : examples::sample_picture(side);
  }
  return place->second;
}

ImageView<const std::uint8_t> view(const Picture& picture) {
  return interleaved_view(picture.rgb.data(), picture.height, picture.width, 3);
}

const Checkpoint<float>& weights() {
  static const Checkpoint<float> checkpoint = [] {
    const char* path = environment("DHT_CHECKPOINT");
    return path ? load_checkpoint<float>(path) : generated_weights();
  }();
  return checkpoint;
}

std::string photo_name() {
  const char* path = environment("DHT_PHOTO");
  return path ? path : "the examples' sample picture, drawn at each size";
}

std::string weights_name() {
  const char* path = environment("DHT_CHECKPOINT");
  return path ? path : "fixed pseudo-random numbers";
}

ImageView<const std::uint8_t> windows(int side, int batch) {
  ImageView<const std::uint8_t> image = view(photo(2 * side));
  image.batch = batch;
  image.batch_stride = side / batch * image.row_stride;
  image.height = image.width = side;
  return image;
}

namespace {

template <class Policies>
TokenizerParts<Policies> parts_of(typename Policies::template Encoder<float> encoder, int threads) {
  const Checkpoint<float>& c = weights();
  TokenizerParts<Policies> parts{std::move(encoder)};
  parts.criterion = Aicc(c.iota);
  parts.self_loop = c.self_loop;
  parts.hierarchy.compactness = c.compactness;
  parts.backend = backend::Cpu(threads);
  return parts;
}

}  // namespace

TokenizerParts<DefaultPolicies> tokenizer_parts(int threads) {
  return parts_of<DefaultPolicies>(ConvolutionalEncoder<float>(weights().encoder), threads);
}

TokenizerParts<TrainingPolicies> training_parts(int threads) {
  return parts_of<TrainingPolicies>(TrainableEncoder<float>(weights().encoder), threads);
}

}  // namespace dht::bench
