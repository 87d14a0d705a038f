// SPDX-License-Identifier: MIT
// The file from which an interrupted training goes on as if it had not been interrupted.
#include "pretrain_checkpoint.hpp"

#include <dht/core/error.hpp>
#include <dht/io/parameters.hpp>
#include <dht/io/safetensors.hpp>

namespace dht::examples {
namespace {

const char* const format = "pretrain.format";
const char* const format_version = "1";
const std::string setting_prefix = "pretrain.setting.";
const std::string optimiser_prefix = "optimiser.";
const char* const log_name = "log";
const char* const steps_name = "steps";

void check_settings(const SafeTensors& file, const PretrainSettings& settings) {
  const auto found = file.metadata().find(format);
  DHT_EXPECTS(found != file.metadata().end(), file.file(),
              ": is no checkpoint of pretrain; must be one to go on from");
  DHT_EXPECTS(found->second == format_version, file.file(), ": is a checkpoint of format ",
              dht::detail::one_line(found->second), "; must be ", format_version);
  for (const auto& [name, value] : settings) {
    const auto old = file.metadata().find(setting_prefix + name);
    const std::string before =
        old == file.metadata().end() ? "(nothing)" : dht::detail::one_line(old->second);
    DHT_EXPECTS(before == value, file.file(), ": was made with ", name, " ", before, ", not ", value,
                "; must be the same to go on");
  }
}

/// Every tensor of a checkpoint but the log and the number of steps.
ParameterList<float> tensors_of(PretrainState& state, const ParameterList<float>& moments) {
  ParameterList<float> all = state.model.parameters();
  for (const auto& list : {state.model.statistics(), moments})
    all.insert(all.end(), list.begin(), list.end());
  return all;
}

ParameterList<float> moments_of(PretrainState& state) {
  ParameterList<float> moments = state.optimiser.state();
  for (Parameter<float>& moment : moments) moment.name = optimiser_prefix + moment.name;
  return moments;
}

std::int64_t number(std::size_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

void save_checkpoint(const std::filesystem::path& path, PretrainState state,
                     const PretrainSettings& settings) {
  SafeTensorsWriter writer;
  state.model.add_to(writer);
  add_parameters(writer, moments_of(state));
  writer.add(steps_name, {1}, std::vector<std::int64_t>{state.optimiser.steps()});
  writer.add(log_name, {number(state.log.rows()), number(state.log.columns().size())}, state.log.numbers());
  writer.set_metadata(format, format_version);
  for (const auto& [name, value] : settings) writer.set_metadata(setting_prefix + name, value);
  writer.save(path, WhenWritten::by_disk);
}

void restore_checkpoint(const std::filesystem::path& path, PretrainState state,
                        const PretrainSettings& settings) {
  const SafeTensors file = SafeTensors::load(path);
  check_settings(file, settings);
  ParameterList<float> all = tensors_of(state, moments_of(state));
  const std::vector<std::int64_t> steps = file.read<std::int64_t>(steps_name, {1});
  const std::vector<std::int64_t> shape = file.shape(log_name);
  DHT_EXPECTS(shape.size() == 2 && shape[1] == number(state.log.columns().size()) && steps[0] >= 0 &&
                  shape[0] == steps[0] + 1,
              file.file(), ": ", log_name, ": has shape ", dht::detail::shape_text(shape), ", must be [",
              steps[0] + 1, ", ", state.log.columns().size(), "]");
  const std::vector<double> log = file.read<double>(log_name);
  read_parameters(file, all);
  all.push_back({log_name, {}, {}});
  all.push_back({steps_name, {}, {}});
  check_nothing_left_over(file, all);
  state.optimiser.set_steps(steps[0]);
  state.log.set_numbers(log);
}

void save_weights(const std::filesystem::path& path, PretrainModel& model) {
  SafeTensorsWriter writer;
  model.add_to(writer);
  writer.save(path, WhenWritten::by_disk);
}

}  // namespace dht::examples
