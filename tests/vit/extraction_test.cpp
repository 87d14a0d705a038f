// SPDX-License-Identifier: MIT
// Tokens as vectors and rows: against a slow form, and the way back against differences; squares; position maps.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <dht/backend/cpu.hpp>
#include <dht/vit/embedding.hpp>
#include <dht/vit/extraction.hpp>
#include <dht/vit/padding.hpp>
#include <dht/vit/squares.hpp>

#include "kit/catch.hpp"
#include "kit/gradient_check.hpp"
#include "kit/numbers.hpp"
#include "kit/tokens_of_labels.hpp"

namespace {

using namespace dht::test;
using dht::backend::Cpu;
using Numbers = std::vector<double>;

constexpr int height = 7, width = 9, batch = 2, channels = 2;

/// Stripes, blocks and single pixels; the first image has 6 tokens, the second 3.
dht::Tokens<double> tokens() {
  std::vector<std::int32_t> labels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      labels.push_back(y == 0 && x == 4 ? 1 : y < 2 ? 0 : y == 3 && x == 3 ? 3 : x < 5 ? 2 : y < 5 ? 4 : 5);
  for (auto& l : labels) l = l == 3 ? 4 : l == 4 ? 3 : l;  // by first pixels
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) labels.push_back(y + x < 6 ? 6 : y + x < 7 ? 7 : 8);
  return tokens_of_labels<double>(labels, batch, height, width);
}

/// The specification's words, one number after the other.
Numbers naive(const dht::Extraction<double>& e, const Numbers& image, const Numbers& gradients,
              const dht::Tokens<double>& of) {
  const int p = e.config.patch, q = e.config.position;
  const double lambda = 1 / (1 + std::exp(-e.mix[0]));
  Numbers out;
  for (int token = 0; token < of.count(); ++token) {
    const int b = token >= of.begin[1];
    const dht::Box box = of.box[std::size_t(token)];
    const auto bilinear = [&](double y, double x, const auto& value) {
      const int y0 = int(std::floor(y)), x0 = int(std::floor(x)),
                y1 = std::min(int(std::ceil(y)), height - 1), x1 = std::min(int(std::ceil(x)), width - 1);
      const double v = y - y0, u = x - x0;
      return (1 - v) * ((1 - u) * value(y0, x0) + u * value(y0, x1)) +
             v * ((1 - u) * value(y1, x0) + u * value(y1, x1));
    };
    for (int c = 0; c < channels; ++c) {
      for (int i = 0; i < p; ++i) {
        for (int j = 0; j < p; ++j) {
          const double y = box.ymin + double(i) / (p - 1) * (box.ymax - box.ymin),
                       x = box.xmin + double(j) / (p - 1) * (box.xmax - box.xmin);
          const double seen = bilinear(y, x, [&](int r, int s) {
            return image[std::size_t(((b * channels + c) * height + r) * width + s)];
          });
          const double mask =
              bilinear(y, x, [&](int r, int s) { return double(of.labels(b)(r, s) == token); });
          out.push_back(mask * seen + lambda * (1 - mask) * seen +
                        (1 - lambda) * (1 - mask) * e.mask_token[std::size_t((c * p + i) * p + j)]);
        }
      }
    }
    Numbers position(std::size_t(q * q), 0), change(std::size_t(p * p), 0);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        if (of.labels(b)(y, x) != token) continue;
        const double size = of.size[std::size_t(token)];
        position[std::size_t(q * y / height * q + q * x / width)] += 1 / (size * q * q / 1024);
        if (!e.config.gradients) continue;
        const auto bin = [&](int direction) {
          const double g = gradients[std::size_t(((2 * b + direction) * height + y) * width + x)];
          return int(std::floor(p * (std::clamp(g, -1 + 1e-7, 1 - 1e-7) + 1) / 2));
        };
        change[std::size_t(bin(0) * p + bin(1))] += 1 / (size * p * p / 1024);
      }
    }
    out.insert(out.end(), position.begin(), position.end());
    if (e.config.gradients) out.insert(out.end(), change.begin(), change.end());
  }
  return out;
}

struct Setting {
  dht::Tokens<double> of = tokens();
  Numbers image, gradients;
  dht::Extraction<double> extraction;
  Setting(int patch, int position, bool with_gradients, Random& random)
      : image(numbers(batch * channels * height * width, random, 0, 1)),
        gradients(numbers(batch * 2 * height * width, random)),
        extraction(dht::Extraction<double>::initial({channels, patch, position, with_gradients})) {
    gradients[0] = 1;
    gradients[1] = -1;
    randomise(dht::parameters(extraction), random, 1);
  }
  auto view() const { return dht::planar_view(image.data(), batch, channels, height, width); }
  const double* changes() const { return extraction.config.gradients ? gradients.data() : nullptr; }
  Numbers forward(int threads, dht::Extraction<double>::Saved& saved) const {
    Numbers out(std::size_t(of.count() * extraction.config.columns()));
    extraction.forward(Cpu(threads), view(), of, changes(), matrix(out, extraction.config.columns()), saved);
    return out;
  }
};

}  // namespace

TEST_CASE("extraction: is what the specification says, and back", "[tokens]") {
  Random random(1);
  for (const int patch : {2, 5}) {
    for (const bool gradients : {false, true}) {
      for (const int position : {1, 4, 11}) {
        INFO(patch << " " << position << " " << gradients);
        Setting s(patch, position, gradients, random);
        const int columns = s.extraction.config.columns();
        dht::Extraction<double>::Saved saved, other;
        const auto out = s.forward(1, saved);
        const auto wanted = naive(s.extraction, s.image, s.gradients, s.of);
        REQUIRE(out.size() == wanted.size());
        double worst = 0;
        for (std::size_t i = 0; i < out.size(); ++i) worst = std::max(worst, std::abs(out[i] - wanted[i]));
        CHECK(worst < 1e-12);
        CHECK(s.forward(3, other) == out);

        auto slopes = s.extraction.zeros(), more = s.extraction.zeros();
        const auto upstream = numbers(std::int64_t(out.size()), random);
        Numbers grad_image(s.image.size(), -7), again(s.image.size());
        s.extraction.backward(Cpu(1), s.view(), s.of, saved, matrix(upstream, columns), slopes,
                              grad_image.data());
        s.extraction.backward(Cpu(3), s.view(), s.of, saved, matrix(upstream, columns), more, again.data());
        CHECK(again == grad_image);
        CHECK(more.mask_token == slopes.mask_token);
        s.extraction.backward(Cpu(1), s.view(), s.of, saved, matrix(upstream, columns), more, nullptr);
        CHECK(more.mix[0] == Catch::Approx(2 * slopes.mix[0]));
        auto values = dht::parameters(s.extraction), gradients_of = dht::parameters(slopes);
        values.push_back({"image", {std::int64_t(s.image.size())}, s.image});
        gradients_of.push_back({"image", {std::int64_t(s.image.size())}, grad_image});
        GradientCheckOptions options;
        options.most_entries = 24;
        const auto report = check_gradients([&] { return dot(s.forward(1, other), upstream); }, values,
                                            gradients_of, options);
        INFO(report.table());
        CHECK(report.good());
      }
    }
  }
}

TEST_CASE("extraction: bytes are parts of 1, and lambda 1 sees all of the box", "[tokens]") {
  Random random(2);
  Setting s(3, 2, false, random);
  std::vector<std::uint8_t> bytes;
  for (double& v : s.image) {
    bytes.push_back(std::uint8_t(255 * v));
    v = bytes.back() / 255.0;
  }
  dht::Extraction<double>::Saved saved;
  const auto wanted = s.forward(1, saved);
  Numbers out(wanted.size());
  s.extraction.forward(Cpu(1), dht::planar_view(bytes.data(), batch, channels, height, width), s.of, nullptr,
                       matrix(out, s.extraction.config.columns()), saved);
  for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i] == Catch::Approx(wanted[i]).margin(1e-14));

  s.extraction = dht::Extraction<double>::with_lambda(s.extraction.config, 1);
  CHECK(s.extraction.lambda() == 1);
  s.extraction.mask_token.assign(s.extraction.mask_token.size(), 100);
  for (const auto v : s.forward(1, saved)) CHECK(v <= 1024);
  CHECK(dht::Extraction<float>::with_lambda({}, 1).lambda() == 1);
  CHECK(dht::Extraction<double>::initial({}).lambda() == Catch::Approx(0.01));
}

TEST_CASE("embedding: rows of all images, padding, and back", "[tokens]") {
  Random random(3);
  const auto of_image = tokens();
  for (const int class_tokens : {1, 3}) {
    for (const bool norm : {true, false}) {
      auto embedding = dht::Embedding<double>::initial(5, 4, class_tokens, norm, 9);
      randomise(dht::parameters(embedding), random);
      const auto of = embedding.sequences(of_image);
      REQUIRE(of.begin == std::vector<std::int32_t>{0, 6 + class_tokens, 9 + 2 * class_tokens});
      auto vectors = numbers(9 * 5, random);
      Numbers rows(std::size_t(of.rows() * 4));
      dht::Embedding<double>::Saved saved;
      const auto forward = [&] {
        embedding.forward(Cpu(2), matrix(std::as_const(vectors), 5), of, matrix(rows, 4), saved);
        return dht::pad<double>(embedding, of, matrix(std::as_const(rows), 4));
      };
      const auto padded = forward();
      CHECK(padded.longest == 6 + class_tokens);
      CHECK(std::count(padded.mask.begin(), padded.mask.end(), 0) == 3);
      CHECK(std::equal(rows.begin(), rows.begin() + 4 * of.count(0), padded.rows.begin()));
      CHECK(padded.rows.back() == (norm ? embedding.norm_pre.bias[3] : 0));
      const auto upstream = numbers(std::int64_t(padded.rows.size()), random);
      auto gradients = embedding.zeros();
      auto grad_rows = dht::backward_pad(embedding, of, upstream.data(), gradients);
      Numbers grad_vectors(vectors.size());
      embedding.backward(Cpu(2), matrix(std::as_const(vectors), 5), of, saved, matrix(grad_rows, 4),
                         gradients, matrix(grad_vectors, 5));
      auto values = dht::parameters(embedding), slopes = dht::parameters(gradients);
      values.push_back({"vectors", {9, 5}, vectors});
      slopes.push_back({"vectors", {9, 5}, grad_vectors});
      const auto report = check_gradients([&] { return dot(forward().rows, upstream); }, values, slopes);
      INFO(report.table());
      CHECK(report.good());
    }
  }
}

TEST_CASE("squares: are tokens like others", "[tokens]") {
  const auto squares = dht::square_tokens<double>(2, 5, 7, 3);
  std::vector<std::int32_t> labels(squares.partition.labels.begin(), squares.partition.labels.end());
  CHECK(squares.count() == 12);
  CHECK(squares.labels(1)(4, 6) == 11);
  const auto wanted = tokens_of_labels<double>(labels, 2, 5, 7);
  CHECK(squares.begin == wanted.begin);
  CHECK(squares.size == wanted.size);
  CHECK(squares.box == wanted.box);
  CHECK(error_of([] { dht::square_tokens<float>(1, 4, 4, 0); }) == "side: is 0; must be at least 1");
  CHECK(dht::square_tokens<float>(2, 3, 5, std::numeric_limits<int>::max()).box ==
        dht::Buffer<dht::Box>{{0, 0, 2, 4}, {0, 0, 2, 4}});
  CHECK(error_of([] { dht::square_tokens<float>(4, 1 << 15, 1 << 15, 1); }) ==
        "images: has 4 x 1073741824 pixels; at most 2147483646 are numbered");
  CHECK(error_of([] { dht::square_tokens<float>(0, 4, 4, 1); }) ==
        "images: are 0 of 4 x 4; each must be at least 1");
}

TEST_CASE("extraction and embedding: what does not fit is named", "[tokens]") {
  Random random(4);
  Setting s(3, 2, false, random);
  dht::Extraction<double>::Saved saved;
  Numbers out(std::size_t(s.of.count() * s.extraction.config.columns()));
  const auto call = [&](const dht::ImageView<const double>& image, const double* changes, int columns) {
    return error_of([&] { s.extraction.forward(Cpu(1), image, s.of, changes, matrix(out, columns), saved); });
  };
  const int columns = s.extraction.config.columns();
  CHECK(call(s.view(), nullptr, columns) == "(no error)");
  CHECK(call(dht::planar_view(s.image.data(), 2, 2, 9, 7), nullptr, columns) ==
        "image: is 2 x 9 x 7; the tokens are of 2 x 7 x 9");
  CHECK(call(dht::planar_view(s.image.data(), 2, 1, 7, 9), nullptr, columns) ==
        "image: has 1 channels; must have 2");
  CHECK(call(s.view(), s.gradients.data(), columns) ==
        "image gradients: are given; must be null, no histogram asks for them");
  CHECK(call(s.view(), nullptr, 1) == "out: is 198 x 1; must be 9 x 22");
  s.extraction.config.gradients = true;
  out.resize(std::size_t(9 * s.extraction.config.columns()));
  CHECK(call(s.view(), nullptr, s.extraction.config.columns()) ==
        "image gradients: are missing; must be given, the histogram asks for them");
  CHECK(error_of([] { dht::Extraction<double>::initial({3, 1, 4}); }) == "patch: is 1; must be 2 to 256");
  CHECK(error_of([] {
          dht::Extraction<double>::with_lambda({3, 2, 4}, 0);
        }) == "lambda: is 0; must be above 0 and at most 1");

  auto empty = tokens();
  empty.begin[1] = empty.begin[2];
  const auto embedding = dht::Embedding<double>::initial(5, 4, 1, true, 9);
  CHECK(error_of([&] { embedding.sequences(empty); }) == "tokens: image 1 has none; must have at least 1");
  Numbers vectors(8 * 5), rows(11 * 4);
  dht::Embedding<double>::Saved saved_embedding;
  const auto of = embedding.sequences(tokens());
  CHECK(error_of([&] {
          embedding.forward(Cpu(1), matrix(std::as_const(vectors), 5), of, matrix(rows, 4), saved_embedding);
        }) == "tokens: are 8; the sequences have 9");
}
