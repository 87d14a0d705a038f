// SPDX-License-Identifier: MIT
// The file from which an interrupted training goes on as if it had not been interrupted.
#include "training_checkpoint.hpp"

#include <dht/core/error.hpp>
#include <dht/io/parameters.hpp>
#include <dht/io/safetensors.hpp>

namespace dht::examples {
namespace {

const char* const format_version = "1";
const std::string optimiser_prefix = "optimiser.";
const char* const log_name = "log";
const char* const steps_name = "steps";

std::string format_of(const std::string& program) { return program + ".format"; }
std::string setting_prefix(const std::string& program) { return program + ".setting."; }

void check_settings(const SafeTensors& file, const std::string& program, const TrainingSettings& settings) {
  const auto found = file.metadata().find(format_of(program));
  DHT_EXPECTS(found != file.metadata().end(), file.file(), ": is no checkpoint of ", program,
              "; must be one to go on from");
  DHT_EXPECTS(found->second == format_version, file.file(), ": is a checkpoint of format ",
              dht::detail::one_line(found->second), "; must be ", format_version);
  for (const auto& [name, value] : settings) {
    const auto old = file.metadata().find(setting_prefix(program) + name);
    const std::string before =
        old == file.metadata().end() ? "(nothing)" : dht::detail::one_line(old->second);
    DHT_EXPECTS(before == dht::detail::one_line(value), file.file(), ": was made with ", name, " ", before,
                ", not ", dht::detail::one_line(value), "; must be the same to go on");
  }
}

void append(ParameterList<float>& to, const ParameterList<float>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

ParameterList<float> moments_of(TrainingState& state) {
  ParameterList<float> moments;
  for (AdamW<float>& optimiser : state.optimisers) append(moments, optimiser.state());
  for (Parameter<float>& moment : moments) moment.name = optimiser_prefix + moment.name;
  return moments;
}

/// Every tensor of a checkpoint but the log and the number of steps.
ParameterList<float> tensors_of(TrainingState& state) {
  ParameterList<float> all;
  for (const ParameterGroup& group : state.learner.groups()) append(all, group.parameters);
  append(all, state.learner.statistics());
  append(all, moments_of(state));
  return all;
}

std::int64_t number(std::size_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const std::string& program, TrainingState state,
                     const TrainingSettings& settings) {
  SafeTensorsWriter writer;
  state.learner.add_to(writer);
  add_parameters(writer, moments_of(state));
  writer.add(steps_name, {1}, std::vector<std::int64_t>{state.optimisers.front().steps()});
  writer.add(log_name, {number(state.log.rows()), number(state.log.columns().size())}, state.log.numbers());
  writer.set_metadata(format_of(program), format_version);
  for (const auto& [name, value] : settings) writer.set_metadata(setting_prefix(program) + name, value);
  writer.save(path, WhenWritten::by_disk);
}

void restore_checkpoint(const std::filesystem::path& path, const std::string& program, TrainingState state,
                        const TrainingSettings& settings) {
  const SafeTensors file = SafeTensors::load(path);
  check_settings(file, program, settings);
  ParameterList<float> all = tensors_of(state);
  const std::vector<std::int64_t> steps = file.read<std::int64_t>(steps_name, {1});
  const std::vector<std::int64_t> shape = file.shape(log_name);
  DHT_EXPECTS(shape.size() == 2 && shape[1] == number(state.log.columns().size()) && steps[0] >= 0 &&
                  shape[0] - 1 == steps[0],
              file.file(), ": ", log_name, ": has shape ", dht::detail::shape_text(shape), " after ",
              steps[0], " steps; must have a row for the start and each step, and ",
              state.log.columns().size(), " columns");
  const std::vector<double> log = file.read<double>(log_name);
  read_parameters(file, all);
  for (const std::string& fixed : state.learner.fixed_tensors()) all.push_back({fixed, {}, {}});
  all.push_back({log_name, {}, {}});
  all.push_back({steps_name, {}, {}});
  check_nothing_left_over(file, all);
  for (AdamW<float>& optimiser : state.optimisers) optimiser.set_steps(steps[0]);
  state.log.set_numbers(log);
}

void save_weights(const std::filesystem::path& path, Learner& learner) {
  SafeTensorsWriter writer;
  learner.add_to(writer);
  writer.save(path, WhenWritten::by_disk);
}

}  // namespace dht::examples
