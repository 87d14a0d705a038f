// SPDX-License-Identifier: MIT
// Lists of parameters in safetensors files: written under their names, read again into lists that are there already.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/nn/parameters.hpp>

namespace dht {

/// Adds every tensor of a list under `prefix` and its name. Throws dht::Error when a name is taken.
template <class S>
void add_parameters(SafeTensorsWriter& writer, const ParameterList<S>& list, const std::string& prefix = "") {
  for (const Parameter<S>& p : list) writer.add(prefix + p.name, p.shape, p.values);
}

/// Throws dht::Error, naming file and tensor, when one of the list is missing or has another shape: to be asked before memory
/// is taken for what a file says that it holds.
inline void check_shapes(const SafeTensors& file, const ShapeList& list) {
  for (const TensorShape& expected : list) file.check_shape(expected.name, expected.shape);
}

/// Reads every tensor of a list from where `add_parameters` put it. Other tensors of the file are left alone; see
/// `check_nothing_left_over`. Throws dht::Error, naming file and tensor, when one is missing or has another shape; the
/// list is then as it was.
template <class S>
void read_parameters(const SafeTensors& file, const ParameterList<S>& list, const std::string& prefix = "") {
  std::vector<std::vector<S>> values;
  for (const Parameter<S>& p : list) {
    values.push_back(file.read<S>(prefix + p.name, p.shape));
    DHT_EXPECTS(values.back().size() == p.values.size(), "parameters: ", p.name, " has ", p.values.size(),
                " numbers; must have ", values.back().size(), " for its shape");
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), list[i].values.begin());
}

/// Throws dht::Error, naming file and tensor, when a tensor whose name begins with `prefix` is not in the list.
template <class S>
void check_nothing_left_over(const SafeTensors& file, const ParameterList<S>& list,
                             const std::string& prefix = "") {
  std::set<std::string> known;
  for (const Parameter<S>& p : list) known.insert(prefix + p.name);
  for (const std::string& name : file.names())
    DHT_EXPECTS(!name.starts_with(prefix) || known.contains(name), file.file(), ": has a tensor ",
                detail::one_line(name), ", which does not belong to what is read");
}

}  // namespace dht
