// SPDX-License-Identifier: MIT
// Checkpoints in safetensors: the parameters of the encoder, of W and of the self-loop, under their published names.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <ios>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/encoder/convolutional.hpp>
#include <dht/encoder/parameters.hpp>
#include <dht/encoder/rows.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/nn/linear.hpp>
#include <dht/similarity/self_loop.hpp>

namespace dht {

/// What a checkpoint holds, and the settings that it was trained with, from its metadata.
template <class S>
struct Checkpoint {
  ConvolutionalParameters<S> encoder;  ///< conv.*, with the metadata's mean and std
  Linear<S> projection;                ///< linear.*: W of the method, features -> channels; empty when absent
  SelfLoop<S> self_loop = SelfLoop<S>::constant(0.5);  ///< varproj.*, or the metadata's constant, or 0.5
  std::string criterion = "aicc";                      ///< metadata "criterion"
  double iota = 5;                                     ///< metadata "iota"
  double compactness = 0.01;                           ///< metadata "compactness"
};

namespace detail {

inline double parse_number(const std::string& text, const std::string& file, const char* name) {
  // By a stream: libc++ has no std::from_chars for floating point before version 20.
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  double value = 0;
  stream >> std::noskipws >> value;
  DHT_EXPECTS(!stream.fail() && stream.eof(), file, ": metadata \"", name, "\" is \"", one_line(text),
              "\"; must be numbers");
  return value;
}

/// Numbers separated by commas, or none when the metadata has no such entry.
inline std::vector<double> metadata_numbers(const SafeTensors& file, const char* name) {
  std::vector<double> numbers;
  const auto found = file.metadata().find(name);
  if (found == file.metadata().end()) return numbers;
  const std::string& text = found->second;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    numbers.push_back(parse_number(text.substr(begin, comma - begin), file.file(), name));
    begin = comma + 1;
  }
  return numbers;
}

inline double metadata_number(const SafeTensors& file, const char* name, double otherwise) {
  const auto numbers = metadata_numbers(file, name);
  DHT_EXPECTS(numbers.size() <= 1, file.file(), ": metadata \"", name, "\" has ", numbers.size(),
              " numbers; must be one");
  return numbers.empty() ? otherwise : numbers[0];
}

/// The constant of the metadata's "self_loop", as in "constant 0.1"; 0.5 where it says nothing of one.
template <class S>
SelfLoop<S> metadata_self_loop(const SafeTensors& file) {
  const std::string begin = "constant ";
  const auto found = file.metadata().find("self_loop");
  if (found == file.metadata().end() || !found->second.starts_with(begin)) return SelfLoop<S>::constant(0.5);
  const double value = parse_number(found->second.substr(begin.size()), file.file(), "self_loop");
  DHT_EXPECTS(value >= 0 && value <= 1, file.file(), ": metadata \"self_loop\" is \"", found->second,
              "\"; must be constant 0 to 1");
  return SelfLoop<S>::constant(value);
}

/// The convolution `prefix.index` and the batch normalisation that follows it.
template <class S>
ConvolutionAndNorm<S> read_layer(const SafeTensors& file, const std::string& convolution,
                                 const std::string& norm, std::int64_t outputs, std::int64_t inputs,
                                 std::int64_t side) {
  const std::vector<std::int64_t> one{outputs};
  return {file.read<S>(convolution + ".weight", {outputs, inputs, side, side}),
          file.read<S>(convolution + ".bias", one),
          file.read<S>(norm + ".weight", one),
          file.read<S>(norm + ".bias", one),
          file.read<S>(norm + ".running_mean", one),
          file.read<S>(norm + ".running_var", one)};
}

}  // namespace detail

/// Reads the encoder whose tensors are called `prefix` + "ds.0.weight" and so on ("conv." in checkpoints). Throws
/// dht::Error, naming file and tensor, when one is missing or has the wrong shape.
template <class S>
ConvolutionalParameters<S> read_encoder(const SafeTensors& file, const std::string& prefix = "conv.") {
  const std::vector<std::int64_t> shape = file.shape(prefix + "ds.0.weight");
  DHT_EXPECTS(shape.size() == 4 && shape[0] >= 1 && shape[0] <= 1024 && shape[1] >= 1 && shape[1] <= 1024,
              file.file(), ": ", prefix,
              "ds.0.weight must have shape [features, channels, 1, 1] with 1 to 1024 of each");
  const std::int64_t d = shape[0], channels = shape[1];
  ConvolutionalParameters<S> p;
  p.features = static_cast<int>(d);
  p.channels = static_cast<int>(channels);
  p.fine = detail::read_layer<S>(file, prefix + "ds.0", prefix + "ds.1", d, channels, 1);
  p.middle = detail::read_layer<S>(file, prefix + "cv.0", prefix + "cv.1", 4 * d, channels, 2);
  p.coarse = detail::read_layer<S>(file, prefix + "cv.3", prefix + "cv.4", d, 4 * d, 2);
  p.mean = detail::metadata_numbers(file, "mean");
  p.standard_deviation = detail::metadata_numbers(file, "std");
  p.epsilon = detail::metadata_number(file, "batch_norm_eps", 1e-5);
  return p;
}

namespace detail {

/// Numbers separated by commas, in the fewest digits that give them back.
inline std::string numbers_text(const std::vector<double>& numbers) {
  std::string text;
  for (const double number : numbers) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    text += (text.empty() ? "" : ",") + std::string(digits, end);
  }
  return text;
}

}  // namespace detail

/// Adds an encoder to a file to be written, as `read_encoder` reads it: its tensors, and as metadata "mean", "std" and
/// "batch_norm_eps". Throws dht::Error when a tensor has another size than channels and features say.
template <class S>
void add_encoder(SafeTensorsWriter& file, const ConvolutionalParameters<S>& encoder,
                 const std::string& prefix = "conv.") {
  ConvolutionalParameters<S> p = encoder;
  for (const ParameterList<S>& list : {parameters(p, prefix), running_statistics(p, prefix)}) {
    for (const Parameter<S>& tensor : list) file.add(tensor.name, tensor.shape, tensor.values);
  }
  if (!p.mean.empty()) file.set_metadata("mean", detail::numbers_text(p.mean));
  if (!p.standard_deviation.empty()) file.set_metadata("std", detail::numbers_text(p.standard_deviation));
  file.set_metadata("batch_norm_eps", detail::numbers_text({p.epsilon}));
}

/// Reads a checkpoint. `prefix` stands before every name, as in "param.conv.ds.0.weight".
template <class S>
Checkpoint<S> read_checkpoint(const SafeTensors& file, const std::string& prefix = "") {
  Checkpoint<S> c;
  c.encoder = read_encoder<S>(file, prefix + "conv.");
  const std::int64_t d = c.encoder.features;
  if (file.contains(prefix + "linear.weight")) {
    const std::vector<std::int64_t> shape = file.shape(prefix + "linear.weight");
    const std::int64_t outputs = shape.empty() ? 0 : shape[0];
    c.projection = {static_cast<int>(d), static_cast<int>(outputs),
                    file.read<S>(prefix + "linear.weight", {outputs, d}),
                    file.read<S>(prefix + "linear.bias", {outputs})};
  }
  if (file.contains(prefix + "varproj.weight")) {
    c.self_loop.weight = file.read<S>(prefix + "varproj.weight", {1, d});
    c.self_loop.bias = file.read<S>(prefix + "varproj.bias", {1})[0];
    const bool finite =
        std::all_of(c.self_loop.weight.begin(), c.self_loop.weight.end(), detail::is_finite<S>);
    DHT_EXPECTS(finite && detail::is_finite(c.self_loop.bias), file.file(), ": ", prefix,
                "varproj holds values that are not finite");
  } else {
    c.self_loop = detail::metadata_self_loop<S>(file);
  }
  const auto criterion = file.metadata().find("criterion");
  if (criterion != file.metadata().end()) c.criterion = criterion->second;
  c.iota = detail::metadata_number(file, "iota", c.iota);
  c.compactness = detail::metadata_number(file, "compactness", c.compactness);
  return c;
}

/// Reads a checkpoint file, such as the released one.
template <class S>
Checkpoint<S> load_checkpoint(const std::filesystem::path& path) {
  return read_checkpoint<S>(SafeTensors::load(path));
}

}  // namespace dht
