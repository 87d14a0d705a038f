// SPDX-License-Identifier: MIT
// From a label map to SVG text: planar map, lossless text, both, drawings of lines, circles and curves, beside the naive form (one rectangle a run of pixels).
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <dht/vector/drawing.hpp>
#include <dht/vector/svg.hpp>

namespace {

struct Labels {
  int side = 0;
  std::int32_t regions = 0;
  std::vector<std::int32_t> values;
  std::vector<std::array<std::uint8_t, 3>> colors;

  dht::LabelView view() const { return dht::plane_view(values.data(), side, side); }
};

/// Connected regions with ragged boundaries: pixels join the region of a neighbour in random order.
Labels grown_regions(int side, std::int32_t regions) {
  std::mt19937 random(7);
  Labels map{side, regions, std::vector<std::int32_t>(std::size_t(side) * side, -1), {}};
  std::vector<std::int32_t> front;
  for (std::int32_t region = 0; region < regions;) {
    const auto pixel = static_cast<std::int32_t>(random() % map.values.size());
    if (map.values[pixel] >= 0) continue;
    map.values[pixel] = region++;
    front.push_back(pixel);
  }
  while (!front.empty()) {
    std::swap(front[random() % front.size()], front.back());
    const std::int32_t pixel = front.back(), x = pixel % side, y = pixel / side;
    front.pop_back();
    const auto join = [&](bool inside, std::int32_t neighbour) {
      if (!inside || map.values[neighbour] >= 0) return;
      map.values[neighbour] = map.values[pixel];
      front.push_back(neighbour);
    };
    join(x > 0, pixel - 1), join(x + 1 < side, pixel + 1), join(y > 0, pixel - side),
        join(y + 1 < side, pixel + side);
  }
  for (std::int32_t i = 0; i < regions; ++i)
    map.colors.push_back({std::uint8_t(random()), std::uint8_t(random()), std::uint8_t(random())});
  return map;
}

/// Regions of about 262 pixels whatever the side, as 1000 on 512 x 512.
const Labels& labels_of(int side) {
  static std::map<int, Labels> maps;
  const auto [place, fresh] = maps.try_emplace(side);
  if (fresh) place->second = grown_regions(side, std::max(1, side * side / 262));
  return place->second;
}

void count(benchmark::State& state, const Labels& labels, std::size_t bytes) {
  state.counters["pixels/s"] =
      benchmark::Counter(double(labels.values.size()), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["regions"] = labels.regions;
  state.SetBytesProcessed(std::int64_t(state.iterations()) * std::int64_t(bytes));
}

void planar_map(benchmark::State& state) {
  const Labels& labels = labels_of(int(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(dht::planar_map(labels.view(), labels.regions));
  count(state, labels, labels.values.size() * sizeof(std::int32_t));
}

void svg_text(benchmark::State& state) {
  const Labels& labels = labels_of(int(state.range(0)));
  const auto map = dht::planar_map(labels.view(), labels.regions);
  std::size_t bytes = 0;
  for (auto _ : state) bytes = dht::svg(map, labels.colors).size();
  count(state, labels, bytes);
}

void labels_to_svg(benchmark::State& state) {
  const Labels& labels = labels_of(int(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) bytes = dht::svg(labels.view(), labels.colors).size();
  count(state, labels, bytes);
  state.counters["text bytes"] = double(bytes);
}

/// Boundaries fitted, stacked, written: lines, circles or curves.
void labels_to_drawing(benchmark::State& state, dht::Strokes strokes) {
  const Labels& labels = labels_of(int(state.range(0)));
  dht::Fills fills;
  fills.color = labels.colors;
  dht::DrawingOptions options;
  options.fit.strokes = strokes;
  options.fit.grid = strokes == dht::Strokes::curves ? 2 : 1;
  std::size_t bytes = 0;
  for (auto _ : state) bytes = dht::drawing(labels.view(), fills, options).size();
  count(state, labels, bytes);
  state.counters["text bytes"] = double(bytes);
}
void drawing_of_lines(benchmark::State& state) { labels_to_drawing(state, dht::Strokes::lines); }
void drawing_of_circles(benchmark::State& state) { labels_to_drawing(state, dht::Strokes::circles); }
void drawing_of_curves(benchmark::State& state) { labels_to_drawing(state, dht::Strokes::curves); }

/// What people write first: a rectangle for each run of equal labels in a row.
std::string rectangles(const Labels& labels) {
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\">\n";
  const auto number = [](int n) { return std::to_string(n); };
  for (int y = 0; y < labels.side; ++y)
    for (int x = 0, end = 0; x < labels.side; x = end) {
      const std::int32_t label = labels.view()(y, x);
      while (end < labels.side && labels.view()(y, end) == label) ++end;
      const auto& c = labels.colors[label];
      out += "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(end - x) +
             "\" height=\"1\" fill=\"rgb(" + number(c[0]) + "," + number(c[1]) + "," + number(c[2]) +
             ")\"/>\n";
    }
  return out + "</svg>\n";
}

void naive_rectangles(benchmark::State& state) {
  const Labels& labels = labels_of(int(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) bytes = rectangles(labels).size();
  count(state, labels, bytes);
  state.counters["text bytes"] = double(bytes);
}

#define DHT_SIDES Arg(224)->Arg(512)->Arg(1024)->Arg(2048)->Unit(benchmark::kMillisecond)
BENCHMARK(planar_map)->DHT_SIDES;
BENCHMARK(svg_text)->DHT_SIDES;
BENCHMARK(labels_to_svg)->DHT_SIDES;
BENCHMARK(drawing_of_lines)->DHT_SIDES;
BENCHMARK(drawing_of_circles)->DHT_SIDES;
BENCHMARK(drawing_of_curves)->DHT_SIDES;
BENCHMARK(naive_rectangles)->DHT_SIDES;

}  // namespace
