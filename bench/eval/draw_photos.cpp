// SPDX-License-Identifier: MIT
// dht_draw_photos OUT PHOTO... [--price N]... [--bytes N]... [--fluid] [--samples]: drawings of photos at several prices and sizes, for
// bench/eval/compare_drawings.py.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <dht/drawer.hpp>
#include <dht/io/file.hpp>

#include "common/command_line.hpp"
#include "common/image_file.hpp"
#include "common/options.hpp"
#include "common/photo_drawing.hpp"
#include "sample_drawings.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void draw(const std::filesystem::path& folder, const std::filesystem::path& photo,
          const std::vector<double>& prices, const std::vector<long>& sizes, bool fluid, int threads) {
  const dht::Picture picture = dht::examples::read_photo(photo).picture();
  dht::DrawerOptions options;
  options.threads = threads;
  dht::Drawer drawer(options);
  dht::DrawingOptions how = dht::Drawer::for_photos();
  how.fixed_size = !fluid;
  const auto start = Clock::now();
  drawer.build(picture);
  std::printf("%s: tree %.0f ms\n", photo.stem().c_str(), milliseconds_since(start));
  const auto save = [&](const std::string& name, const std::string& text, Clock::time_point since) {
    std::printf("  %s: %zu bytes, %.0f ms\n", name.c_str(), text.size(), milliseconds_since(since));
    dht::write_file(folder / (photo.stem().string() + "__dht-" + name + ".svg"), text);
  };
  for (const double price : prices) {
    const auto since = Clock::now();
    save("p" + std::to_string(static_cast<long>(price)), drawer.draw(price, how), since);
  }
  for (const long bytes : sizes) {
    const auto since = Clock::now();
    save("b" + std::to_string(bytes), drawer.draw_within(bytes, dht::examples::gzip_size, how), since);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return dht::examples::run_program("dht_draw_photos", [&] {
    std::filesystem::path folder;
    std::vector<std::filesystem::path> photos;
    std::vector<double> prices;
    std::vector<long> sizes;
    int threads = 1;
    bool fluid = false, samples = false;
    CLI::App app("Drawings of photos at several prices and sizes.", "dht_draw_photos");
    dht::examples::prepare(app, "dht_draw_photos");
    app.add_option("output", folder, "folder of the drawings")->required();
    app.add_option("photos", photos, "PNG or JPEG");
    app.add_flag("--fluid", fluid, "drawings without width and height");
    app.add_flag("--samples", samples, "writes six drawings as PNG, to be drawn again");
    app.add_option("--price", prices, "squared error that a byte must save")->take_all();
    app.add_option("--bytes", sizes, "size under gzip")->take_all();
    app.add_option("--threads", threads, "0: one a core");
    if (!dht::examples::parse(app, argc, argv)) return;
    std::filesystem::create_directories(folder);
    if (samples)
      for (const auto& [name, picture] : dht::bench::sample_drawings())
        dht::examples::write_png(folder / (name + ".png"), picture);
    for (const auto& photo : photos) draw(folder, photo, prices, sizes, fluid, threads);
  });
}
