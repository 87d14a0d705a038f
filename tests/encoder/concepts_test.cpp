// SPDX-License-Identifier: MIT
// What satisfies the concept `encoder`, and what just fails to.
#include <memory>

#include <dht/encoder/colour.hpp>
#include <dht/encoder/concepts.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/trainable.hpp>

#include "kit/catch.hpp"

namespace {

using dht::concepts::encoder;

static_assert(encoder<dht::ColourEncoder<float>, float>);
static_assert(encoder<dht::ColourEncoder<double>, double>);
static_assert(encoder<dht::ConvolutionalEncoder<float>, float>);
static_assert(encoder<dht::ConvolutionalEncoder<double>, double>);
static_assert(!encoder<dht::ColourEncoder<float>, double>);

using dht::concepts::differentiable_encoder;

static_assert(differentiable_encoder<dht::TrainableEncoder<float>, float>);
static_assert(differentiable_encoder<dht::TrainableEncoder<double>, double>);
static_assert(!differentiable_encoder<dht::TrainableEncoder<float>, double>);
static_assert(differentiable_encoder<dht::ColourEncoder<float>, float>);
static_assert(differentiable_encoder<dht::ColourEncoder<double>, double>);
static_assert(!differentiable_encoder<dht::ConvolutionalEncoder<float>, float>);

struct Complete {
  struct Workspace {};
  int features() const { return 1; }
  int channels() const { return 1; }
  template <class P, class Backend>
  bool encode(const Backend&, const dht::ImageView<P>&, float*, Workspace&) const {
    return true;
  }
};
static_assert(encoder<Complete, float>);
static_assert(!encoder<Complete, double>);

// Each lacks exactly one thing.
struct NoWorkspace {
  int features() const { return 1; }
  int channels() const { return 1; }
  template <class P, class Backend, class W>
  bool encode(const Backend&, const dht::ImageView<P>&, float*, W&) const {
    return true;
  }
};
struct NoFeatures {
  struct Workspace {};
  int channels() const { return 1; }
  template <class P, class Backend>
  bool encode(const Backend&, const dht::ImageView<P>&, float*, Workspace&) const {
    return true;
  }
};
struct NoChannels {
  struct Workspace {};
  int features() const { return 1; }
  template <class P, class Backend>
  bool encode(const Backend&, const dht::ImageView<P>&, float*, Workspace&) const {
    return true;
  }
};
struct NoEncode {
  struct Workspace {};
  int features() const { return 1; }
  int channels() const { return 1; }
};
struct SaysNothing {
  struct Workspace {};
  int features() const { return 1; }
  int channels() const { return 1; }
  template <class P, class Backend>
  void encode(const Backend&, const dht::ImageView<P>&, float*, Workspace&) const {}
};
struct NotConst {
  struct Workspace {};
  int features() const { return 1; }
  int channels() const { return 1; }
  template <class P, class Backend>
  bool encode(const Backend&, const dht::ImageView<P>&, float*, Workspace&) {
    return true;
  }
};
struct WritesImage {
  struct Workspace {};
  int features() const { return 1; }
  int channels() const { return 1; }
  template <class Backend>
  bool encode(const Backend&, const dht::ImageView<float>&, float*, Workspace&) const {
    return true;
  }
};
struct NotCopyable {
  struct Workspace {};
  std::unique_ptr<int> state;
  int features() const { return 1; }
  int channels() const { return 1; }
  template <class P, class Backend>
  bool encode(const Backend&, const dht::ImageView<P>&, float*, Workspace&) const {
    return true;
  }
};
static_assert(!encoder<NoWorkspace, float>);
static_assert(!encoder<NoFeatures, float>);
static_assert(!encoder<NoChannels, float>);
static_assert(!encoder<NoEncode, float>);
static_assert(!encoder<SaysNothing, float>);
static_assert(!encoder<NotConst, float>);
static_assert(!encoder<WritesImage, float>);
static_assert(!encoder<NotCopyable, float>);

}  // namespace

TEST_CASE("encoder: copies encode alike", "[encoder]") {
  const dht::ColourEncoder<float> original(1, 20), copy = original;
  const float pixel = 0.5f;
  float feature = 0;
  dht::ColourEncoder<float>::Workspace workspace;
  CHECK(copy.encode(dht::backend::Cpu(1), dht::planar_view(&pixel, 1, 1, 1, 1), &feature, workspace));
  CHECK(feature == 2.5f);
}
