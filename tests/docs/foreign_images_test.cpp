// SPDX-License-Identifier: MIT
// docs/core.md: views of images that other libraries hold. Where a library is not there, a struct with the same members is.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <dht/core/view.hpp>

#ifdef DHT_TEST_HAS_OPENCV
#include <opencv2/core.hpp>
#endif
#if __has_include(<mdspan>)
#include <mdspan>
#endif

#include "kit/catch.hpp"
#include "kit/error_of.hpp"

using dht::test::error_of;

#ifndef DHT_TEST_HAS_OPENCV
namespace cv {
struct Rect {
  Rect(int left, int top, int w, int h) : x(left), y(top), width(w), height(h) {}
  int x, y, width, height;
};
struct Mat {
  int rows = 0, cols = 0, count = 0;
  std::size_t step = 0, size = 0;  // bytes of a row, of a pixel
  unsigned char* data = nullptr;

  int channels() const { return count; }
  template <class T>
  T* ptr() const {
    return reinterpret_cast<T*>(data);
  }
  Mat operator()(const Rect& r) const {
    return {r.height, r.width,
            count,    step,
            size,     data + static_cast<std::size_t>(r.y) * step + static_cast<std::size_t>(r.x) * size};
  }
};
}  // namespace cv
#endif

namespace {

/// Rows of 5 pixels of 3 values within memory that has room for 8: 100 y + 10 x + c.
template <class T>
struct Padded {
  std::vector<T> values = std::vector<T>(4 * 24);
  Padded() {
    for (int i = 0; i < 4 * 15; ++i)
      values[static_cast<std::size_t>(i / 15 * 24 + i % 15)] =
          static_cast<T>(i / 15 * 100 + i % 15 / 3 * 10 + i % 3);
  }
  cv::Mat mat() {
#ifdef DHT_TEST_HAS_OPENCV
    return cv::Mat(4, 5, sizeof(T) == 1 ? CV_8UC3 : CV_16UC3, values.data(), 24 * sizeof(T));
#else
    return {4, 5, 3, 24 * sizeof(T), 3 * sizeof(T), reinterpret_cast<unsigned char*>(values.data())};
#endif
  }
};

/// What a tensor of a deep-learning library tells of itself, in its own words.
struct Tensor {
  std::vector<float> memory;
  std::array<std::int64_t, 4> shape, steps;

  float* data_ptr() { return memory.data(); }
  std::int64_t size(int i) const { return shape[static_cast<std::size_t>(i)]; }
  std::int64_t stride(int i) const { return steps[static_cast<std::size_t>(i)]; }
};

#ifdef __cpp_lib_mdspan
using Span = std::mdspan<double, std::dextents<std::size_t, 3>, std::layout_stride>;
#else
struct Span {
  double* data;
  std::array<std::size_t, 3> extents, strides;

  double* data_handle() const { return data; }
  std::size_t extent(std::size_t i) const { return extents[i]; }
  std::size_t stride(std::size_t i) const { return strides[i]; }
};
#endif

}  // namespace

TEST_CASE("docs/core.md: an image of OpenCV, 8 and 16 bit, whole or a part", "[docs]") {
  Padded<std::uint8_t> bytes;
  const cv::Mat mat = bytes.mat();
  // example-begin cv_mat
  const auto bgr =
      dht::byte_stepped_view(mat.ptr<std::uint8_t>(), mat.rows, mat.cols, mat.channels(), mat.step);
  const auto image = dht::reversed_channels(bgr);  // OpenCV has blue first
  // example-end cv_mat
  REQUIRE(image.channels == 3);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < 3; ++c)
        CHECK(image(0, c, y, x) == static_cast<std::uint8_t>(100 * y + 10 * x + 2 - c));
  CHECK(&dht::reversed_channels(image)(0, 1, 2, 3) == &bgr(0, 1, 2, 3));

  Padded<std::uint16_t> words;
  const cv::Mat mat16 = words.mat();
  // example-begin cv_mat_part
  const cv::Mat part =
      mat16(cv::Rect(1, 2, 3, 2));  // column, row, width, height: the same memory, the same step
  const auto view = dht::reversed_channels(
      dht::byte_stepped_view(part.ptr<std::uint16_t>(), part.rows, part.cols, part.channels(), part.step));
  // example-end cv_mat_part
  CHECK(view.height == 2);
  CHECK(view.width == 3);
  CHECK(view.row_stride == 24);  // values, not bytes: 48 would lie beyond the image
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x)
      for (int c = 0; c < 3; ++c) CHECK(view(0, c, y, x) == 100 * (y + 2) + 10 * (x + 1) + 2 - c);
}

TEST_CASE("views: rows in bytes must be whole values, and hold a row", "[core]") {
  std::vector<std::uint16_t> values(64);
  CHECK(dht::byte_stepped_view(values.data(), 2, 5, 3, 30).row_stride == 15);
  CHECK(error_of([&] { dht::byte_stepped_view(values.data(), 2, 5, 3, 31); }) ==
        "step: is 31 bytes; must be whole values of 2 bytes, as many as the 15 of a row or more");
  CHECK(error_of([&] { dht::byte_stepped_view(values.data(), 2, 5, 3, 28); }) ==
        "step: is 28 bytes; must be whole values of 2 bytes, as many as the 15 of a row or more");
}

TEST_CASE("docs/core.md: tensors, spans, alpha", "[docs]") {
  Tensor tensor{std::vector<float>(2 * 3 * 4 * 5), {2, 3, 4, 5}, {60, 1, 15, 3}};  // "channels last"
  tensor.memory[60 + 2 + 3 * 15 + 4 * 3] = 0.75f;
  // example-begin tensor
  const dht::ImageView<const float> batch{tensor.data_ptr(),
                                          static_cast<int>(tensor.size(0)),  // images
                                          static_cast<int>(tensor.size(1)),  // channels
                                          static_cast<int>(tensor.size(2)),  // rows
                                          static_cast<int>(tensor.size(3)),  // columns
                                          tensor.stride(0),
                                          tensor.stride(1),
                                          tensor.stride(2),
                                          tensor.stride(3)};
  // example-end tensor
  CHECK(batch(1, 2, 3, 4) == 0.75f);

  std::vector<double> memory(4 * 5 * 3);
  memory[2 * 15 + 3 * 3 + 1] = 0.5;
#ifdef __cpp_lib_mdspan
  const Span span(memory.data(),
                  {std::dextents<std::size_t, 3>(4, 5, 3), std::array<std::size_t, 3>{15, 3, 1}});
#else
  const Span span{memory.data(), {4, 5, 3}, {15, 3, 1}};
#endif
  // example-begin mdspan
  const auto stride = [&](std::size_t i) { return static_cast<std::ptrdiff_t>(span.stride(i)); };
  dht::ImageView<const double> image;  // of a span of rows, columns, channels
  image.data = span.data_handle();
  image.batch = 1;
  image.height = static_cast<int>(span.extent(0));
  image.width = static_cast<int>(span.extent(1));
  image.channels = static_cast<int>(span.extent(2));
  image.row_stride = stride(0);
  image.column_stride = stride(1);
  image.channel_stride = stride(2);
  // example-end mdspan
  CHECK(image(0, 1, 2, 3) == 0.5);

  std::vector<std::uint8_t> values(2 * 3 * 4);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i);
  const int height = 2, width = 3;
  // example-begin rgba
  dht::ImageView<const std::uint8_t> rgb = dht::interleaved_view(values.data(), height, width, 4);
  rgb.channels = 3;  // alpha is stepped over
  // example-end rgba
  CHECK(rgb(0, 2, 1, 2) == 4 * 5 + 2);
  CHECK(rgb.column_stride == 4);
}
