// SPDX-License-Identifier: MIT
// What the files of the programs' vision transformers say of them beside their tensors.
#include "vision_model.hpp"

#include <charconv>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/io/parameters.hpp>
#include <dht/vit/shapes.hpp>

#include "number_text.hpp"
#include "weights_file.hpp"

namespace dht::examples {
namespace {

const std::string prefix = "vit.";

/// Calls body(name, number) for every whole number of a description.
template <class Model, class Body>
void each_number(Model& model, const Body& body) {
  body("side", model.side);
  body("patch", model.config.extraction.patch);
  body("position", model.config.extraction.position);
  body("width", model.config.vit.width);
  body("depth", model.config.vit.depth);
  body("heads", model.config.vit.heads);
}

const std::string& entry(const SafeTensors& file, const std::string& name) {
  const auto found = file.metadata().find(prefix + name);
  DHT_EXPECTS(found != file.metadata().end(), file.file(), ": says nothing of ", prefix, name,
              "; must be a model of classify, retrofit or segment");
  return found->second;
}

template <class T>
T parsed(const SafeTensors& file, const std::string& name) {
  const std::string& text = entry(file, name);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  DHT_EXPECTS(error == std::errc{} && end == text.data() + text.size(), file.file(), ": ", prefix, name,
              " is ", dht::detail::one_line(text), "; must be a number");
  return value;
}

std::vector<std::string> classes_of(const SafeTensors& file) {
  using Json = nlohmann::json;
  const std::string& text = entry(file, "classes");
  const auto expect = [&](bool is_good) {
    DHT_EXPECTS(is_good, file.file(), ": ", prefix, "classes is ", dht::detail::one_line(text),
                "; must be a list of names");
  };
  // Lists in lists are refused where they begin: a text can hold more of them than there is memory.
  const auto is_flat = [&](int depth, Json::parse_event_t event, const Json&) {
    expect(depth == 0 || event == Json::parse_event_t::value);
    return true;
  };
  const auto list = Json::parse(text, is_flat, false);
  expect(list.is_array() && !list.empty());
  for (const auto& name : list) expect(name.is_string());
  const auto classes = list.get<std::vector<std::string>>();
  std::set<std::string> different;
  for (const std::string& name : classes)
    DHT_EXPECTS(different.insert(name).second, file.file(), ": ", prefix, "classes has ",
                dht::detail::one_line(name), " twice; must have different names");
  return classes;
}

}  // namespace

void describe(SafeTensorsWriter& writer, const VisionModel& model) {
  each_number(model, [&](const char* name, int number) {
    writer.set_metadata(prefix + name, std::to_string(number));
  });
  writer.set_metadata(prefix + "drop_path", shortest_text(model.config.vit.drop_path));
  writer.set_metadata(prefix + "classes", nlohmann::json(model.classes).dump());
}

VisionModel described(const SafeTensors& file) {
  VisionModel model;
  each_number(model, [&](const char* name, int& number) {
    number = parsed<int>(file, name);
    DHT_EXPECTS(number >= 1 && number <= 65536, file.file(), ": ", prefix, name, " is ", number,
                "; must be 1 to 65536");
  });
  model.config.vit.drop_path = parsed<double>(file, "drop_path");
  model.classes = classes_of(file);
  check_shapes(file, with_name(file.file(), [&] { return parameter_shapes(model.config); }));
  return model;
}

}  // namespace dht::examples
