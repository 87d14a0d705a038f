// SPDX-License-Identifier: MIT
// What was measured in each step of a training: as a table (CSV) and as curves (SVG).
#include "training_log.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <dht/core/error.hpp>
#include <dht/vector/svg.hpp>

#include "number_text.hpp"

namespace dht::examples {
namespace {

constexpr int picture_width = 860, chart_height = 330;
constexpr double left = 70, right = 150, top = 40, bottom = 50;  // margins around a chart's field
constexpr std::array<const char*, 6> colours = {"#1f5a9e", "#c8502d", "#2b8a57",
                                                "#8a4fa3", "#b08a1e", "#4a4a4a"};

/// Two digits after the point are a hundredth of a pixel.
std::string place(double pixels) { return fixed_text(pixels, 2); }

/// The number beside a tick: rounding of multiples is not shown.
std::string tick_text(double number) { return short_text(number + 0.0); }

/// From numbers to pixels.
struct Axis {
  double low = 0, high = 1, begin = 0, end = 1;
  double operator()(double value) const { return begin + (value - low) / (high - low) * (end - begin); }
};

/// The range of all numbers, a little wider, and never empty.
Axis axis_over(const Chart& chart, std::vector<double> Curve::*numbers, double begin, double end) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Curve& curve : chart.curves) {
    for (const double v : curve.*numbers) {
      if (!std::isfinite(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (low > high) low = 0, high = 1;
  const double room = high > low ? 0.03 * (high - low) : std::max(std::abs(low) * 0.1, 1e-6);
  return {low - room, high + room, begin, end};
}

class ChartDrawing {
 public:
  ChartDrawing(const Chart& chart, double y)
      : chart_(chart),
        y_(y),
        across_(axis_over(chart, &Curve::x, left, picture_width - right)),
        up_(axis_over(chart, &Curve::y, y + chart_height - bottom, y + top)) {}

  std::string svg() {
    text((left + picture_width - right) / 2, y_ + 22, "middle", chart_.title, "font-weight=\"bold\"");
    for (const double v : round_numbers(across_.low, across_.high, 7)) {
      line(across_(v), up_.begin, across_(v), up_.end, "#e4e4e4");
      text(across_(v), up_.begin + 17, "middle", tick_text(v));
    }
    for (const double v : round_numbers(up_.low, up_.high, 6)) {
      line(across_.begin, up_(v), across_.end, up_(v), "#e4e4e4");
      text(across_.begin - 7, up_(v) + 4, "end", tick_text(v));
    }
    line(across_.begin, up_.begin, across_.end, up_.begin, "#333");
    line(across_.begin, up_.begin, across_.begin, up_.end, "#333");
    text((across_.begin + across_.end) / 2, up_.begin + 38, "middle", chart_.x_label);
    const std::string turned = place(18) + "," + place((up_.begin + up_.end) / 2);
    text(18, (up_.begin + up_.end) / 2, "middle", chart_.y_label, "transform=\"rotate(-90 " + turned + ")\"");
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) curve(i);
    return out_;
  }

 private:
  void line(double x1, double y1, double x2, double y2, const char* colour) {
    out_ += "<path d=\"M" + place(x1) + " " + place(y1) + "L" + place(x2) + " " + place(y2) + "\" stroke=\"" +
            colour + "\"/>\n";
  }

  void text(double x, double y, const char* anchor, const std::string& what, const std::string& more = "") {
    out_ += "<text x=\"" + place(x) + "\" y=\"" + place(y) + "\" text-anchor=\"" + anchor + "\"";
    if (!more.empty()) out_ += " " + more;
    out_ += ">";
    dht::detail::append_escaped(out_, what);
    out_ += "</text>\n";
  }

  void curve(std::size_t i) {
    const Curve& c = chart_.curves[i];
    const std::string colour = colours[i % colours.size()];
    std::string points;
    std::size_t count = 0;
    for (std::size_t k = 0; k < c.x.size(); ++k) {
      if (!std::isfinite(c.x[k]) || !std::isfinite(c.y[k])) continue;
      points += (count++ == 0 ? "M" : "L") + place(across_(c.x[k])) + " " + place(up_(c.y[k]));
      if (c.x.size() <= 40)
        dots_ += "<circle cx=\"" + place(across_(c.x[k])) + "\" cy=\"" + place(up_(c.y[k])) +
                 "\" r=\"2.5\" fill=\"" + colour + "\"/>\n";
    }
    if (count > 1)
      out_ += "<path d=\"" + points + "\" fill=\"none\" stroke=\"" + colour +
              "\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>\n";
    out_ += std::exchange(dots_, {});
    const double y = y_ + top + 8 + 18 * static_cast<double>(i);
    out_ += "<path d=\"M" + place(across_.end + 12) + " " + place(y) + "h18\" stroke=\"" + colour +
            "\" stroke-width=\"2\"/>\n";
    text(across_.end + 35, y + 4, "start", c.name);
  }

  const Chart& chart_;
  double y_;
  Axis across_, up_;
  std::string out_, dots_;
};

}  // namespace

void TrainingLog::add(const std::vector<double>& row) {
  DHT_EXPECTS(row.size() == columns_.size(), "row: has ", row.size(), " numbers; must have ",
              columns_.size());
  numbers_.insert(numbers_.end(), row.begin(), row.end());
}

void TrainingLog::set_numbers(std::vector<double> numbers) {
  DHT_EXPECTS(numbers.size() % columns_.size() == 0, "log: has ", numbers.size(),
              " numbers; must be whole rows of ", columns_.size());
  numbers_ = std::move(numbers);
}

std::string TrainingLog::csv() const {
  std::string text;
  for (std::size_t c = 0; c < columns_.size(); ++c) text += (c == 0 ? "" : ",") + columns_[c];
  text += '\n';
  for (std::size_t r = 0; r < rows(); ++r) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c > 0) text += ',';
      if (!std::isnan(cell(r, c))) text += shortest_text(cell(r, c));
    }
    text += '\n';
  }
  return text;
}

Curve curve_of(const TrainingLog& log, const std::string& x, const std::string& y, std::size_t most) {
  const auto column = [&](const std::string& name) {
    const auto& names = log.columns();
    const auto at = std::find(names.begin(), names.end(), name);
    DHT_EXPECTS(at != names.end(), "column: is ", name, "; must be one of the log's");
    return static_cast<std::size_t>(at - names.begin());
  };
  const std::size_t from = column(x), of = column(y);
  std::vector<std::pair<double, double>> points;
  for (std::size_t r = 0; r < log.rows(); ++r)
    if (std::isfinite(log.cell(r, from)) && std::isfinite(log.cell(r, of)))
      points.emplace_back(log.cell(r, from), log.cell(r, of));
  Curve curve{y, {}, {}};
  const std::size_t parts = std::min(points.size(), std::max<std::size_t>(most, 1));
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = points.size() * part / parts, end = points.size() * (part + 1) / parts;
    double sum_x = 0, sum_y = 0;
    for (std::size_t i = begin; i < end; ++i) sum_x += points[i].first, sum_y += points[i].second;
    curve.x.push_back(sum_x / static_cast<double>(end - begin));
    curve.y.push_back(sum_y / static_cast<double>(end - begin));
  }
  return curve;
}

std::vector<double> round_numbers(double low, double high, int count) {
  DHT_EXPECTS(low < high && count >= 1, "range: is ", low, " to ", high, " in ", count,
              "; must be ascending, in at least 1");
  const double raw = (high - low) / count, power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> numbers;
  for (double i = std::ceil(low / step); i * step <= high; ++i) numbers.push_back(i * step);
  return numbers;
}

std::string charts_svg(const std::vector<Chart>& charts) {
  const std::string width = std::to_string(picture_width),
                    height = std::to_string(chart_height * static_cast<int>(charts.size()));
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
                    "\" viewBox=\"0 0 " + width + " " + height +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" "
                    "height=\"100%\" fill=\"#fff\"/>\n";
  for (std::size_t i = 0; i < charts.size(); ++i)
    svg += ChartDrawing(charts[i], chart_height * static_cast<double>(i)).svg();
  return svg + "</svg>\n";
}

}  // namespace dht::examples
