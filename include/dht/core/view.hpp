// SPDX-License-Identifier: MIT
// Views: memory that somebody else owns, with its shape. Nothing here allocates or copies.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>

namespace dht {

/// A batch of images anywhere in memory: value (image b, channel c, row y, column x) lies at
/// `data[b*batch_stride + c*channel_stride + y*row_stride + x*column_stride]` (strides in elements).
/// `T` is `float`, `double`, `std::uint8_t` or `std::uint16_t`, const for reading. Integers stand for value/255 and
/// value/65535: every reader of a view sees numbers, colours between 0 and 1.
template <class T>
struct ImageView {
  T* data = nullptr;
  int batch = 0, channels = 0, height = 0, width = 0;
  std::ptrdiff_t batch_stride = 0, channel_stride = 0, row_stride = 0, column_stride = 0;

  DHT_HOST_DEVICE T& operator()(int b, int c, int y, int x) const {
    return data[b * batch_stride + c * channel_stride + y * row_stride + x * column_stride];
  }
  /// Pixels of one image, H*W.
  DHT_HOST_DEVICE std::int64_t pixels() const { return std::int64_t{height} * width; }
  /// Pixels of the whole batch.
  DHT_HOST_DEVICE std::int64_t total_pixels() const { return batch * pixels(); }

  operator ImageView<const T>() const requires(!std::is_const_v<T>) {
    return {data, batch, channels, height, width, batch_stride, channel_stride, row_stride, column_stride};
  }
};

/// Contiguous planes, (batch, channels, height, width): what deep-learning code calls NCHW.
template <class T>
ImageView<T> planar_view(T* data, int batch, int channels, int height, int width) {
  const std::ptrdiff_t plane = std::ptrdiff_t{height} * width;
  return {data, batch, channels, height, width, channels * plane, plane, width, 1};
}

/// One image with its channels side by side (RGBRGB...), as cv::Mat and most decoders hold it.
/// `row_stride` is the distance between rows in elements, not bytes (see byte_stepped_view); 0 means rows without padding.
template <class T>
ImageView<T> interleaved_view(T* data, int height, int width, int channels, std::ptrdiff_t row_stride = 0) {
  if (row_stride == 0) row_stride = std::ptrdiff_t{width} * channels;
  return {data, 1, channels, height, width, height * row_stride, 1, row_stride, channels};
}

/// One image with its channels side by side, whose rows begin `step` bytes apart: cv::Mat's `step`, a bitmap's pitch, or 0 for rows
/// without padding. Throws dht::Error unless those are whole elements, enough for a row.
template <class T>
ImageView<T> byte_stepped_view(T* data, int height, int width, int channels, std::size_t step) {
  const auto row = static_cast<std::int64_t>(width) * channels;
  const auto elements = static_cast<std::ptrdiff_t>(step / sizeof(T));
  DHT_EXPECTS(step == 0 || (step % sizeof(T) == 0 && elements >= row), "step: is ", step,
              " bytes; must be whole values of ", sizeof(T), " bytes, as many as the ", row,
              " of a row or more");
  return interleaved_view(data, height, width, channels, elements);
}

/// One image of a batch.
template <class T>
ImageView<T> image_of_batch(ImageView<T> batch, int image) {
  batch.data += image * batch.batch_stride;
  batch.batch = 1;
  return batch;
}

/// The same image with its channels in the opposite order: RGB of BGR.
template <class T>
ImageView<T> reversed_channels(ImageView<T> image) {
  image.data += (image.channels - 1) * image.channel_stride;
  image.channel_stride = -image.channel_stride;
  return image;
}

/// Throws dht::Error for more pixels, `batch` times those of an image, than are numbered by 31 bits.
inline void check_pixels(int batch, std::int64_t image_pixels, const char* name) {
  constexpr std::int64_t most = (std::int64_t{1} << 31) - 2;
  DHT_EXPECTS(image_pixels <= most / batch, name, ": has ", batch, " x ", image_pixels, " pixels; at most ",
              most, " are numbered");
}

/// A view whose shape a stage can work with: at least one pixel, pixel numbers that fit 31 bits, and memory behind it.
template <class T>
void check(const ImageView<T>& image, const char* name) {
  DHT_EXPECTS(image.data != nullptr, name, ": has no data (null pointer)");
  DHT_EXPECTS(image.batch > 0 && image.channels > 0 && image.height > 0 && image.width > 0, name,
              ": has an empty shape, batch ", image.batch, ", channels ", image.channels, ", height ",
              image.height, ", width ", image.width, "; each must be at least 1");
  check_pixels(image.batch, image.pixels(), name);
}

/// One value a pixel, rows `row_stride` elements apart: a label map, a saliency map.
template <class T>
struct PlaneView {
  T* data = nullptr;
  int height = 0, width = 0;
  std::ptrdiff_t row_stride = 0;

  DHT_HOST_DEVICE T& operator()(int y, int x) const { return data[y * row_stride + x]; }
  DHT_HOST_DEVICE T* row(int y) const { return data + y * row_stride; }
  DHT_HOST_DEVICE std::int64_t pixels() const { return std::int64_t{height} * width; }

  operator PlaneView<const T>() const requires(!std::is_const_v<T>) {
    return {data, height, width, row_stride};
  }
};

template <class T>
PlaneView<T> plane_view(T* data, int height, int width) {
  return {data, height, width, width};
}

/// A region's label at every pixel of one image.
using LabelView = PlaneView<const std::int32_t>;

namespace detail {

inline void check_memory(LabelView labels) {
  DHT_EXPECTS(labels.data != nullptr && labels.height > 0 && labels.width > 0, "labels: are ", labels.height,
              " x ", labels.width, (labels.data == nullptr ? " without memory" : ""),
              "; must be at least 1 x 1");
}

}  // namespace detail

/// `rows` rows of `columns` numbers, contiguous: features per region, a weight matrix.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  int columns = 0;

  DHT_HOST_DEVICE T* row(std::int64_t i) const { return data + i * columns; }
  DHT_HOST_DEVICE T& operator()(std::int64_t i, int j) const { return data[i * columns + j]; }

  operator MatrixView<const T>() const requires(!std::is_const_v<T>) { return {data, rows, columns}; }
};

/// `rows` rows of `columns` numbers of any layout: features of the vertices of a graph.
template <class T>
struct FeatureView {
  T* data = nullptr;
  std::int64_t rows = 0;
  int columns = 0;
  std::ptrdiff_t row_stride = 0, column_stride = 1;  ///< in elements

  FeatureView() = default;
  FeatureView(T* first, std::int64_t row_count, int column_count, std::ptrdiff_t from_row_to_row,
              std::ptrdiff_t from_column_to_column = 1)
      : data(first),
        rows(row_count),
        columns(column_count),
        row_stride(from_row_to_row),
        column_stride(from_column_to_column) {}
  /// One row after the other.
  FeatureView(const MatrixView<T>& matrix)
      : FeatureView(matrix.data, matrix.rows, matrix.columns, matrix.columns) {}

  T& operator()(std::int64_t row, int column) const {
    return data[row * row_stride + column * column_stride];
  }
};

namespace detail {

/// Throws dht::Error unless there are finite features for every vertex.
template <class S>
void check_features(const FeatureView<const S>& features, std::int64_t vertices) {
  DHT_EXPECTS(features.data != nullptr && features.columns > 0 && features.rows == vertices, "features: are ",
              features.rows, " x ", features.columns, (features.data == nullptr ? " without memory" : ""),
              "; must be ", vertices, " rows, one a vertex, of at least 1 column");
  for (std::int64_t v = 0; v < vertices; ++v)
    for (int c = 0; c < features.columns; ++c)
      DHT_EXPECTS(std::isfinite(features(v, c)), "features: column ", c, " of vertex ", v, " is ",
                  features(v, c), "; must be finite");
}

template <class S>
void copy_features(const FeatureView<const S>& features, S* out) {
  for (std::int64_t v = 0; v < features.rows; ++v)
    for (int c = 0; c < features.columns; ++c) *out++ = features(v, c);
}

}  // namespace detail

/// The smallest box around a region, in pixels of its image, both ends inclusive.
struct Box {
  std::int32_t ymin, xmin, ymax, xmax;
  friend bool operator==(const Box&, const Box&) = default;
};

}  // namespace dht
