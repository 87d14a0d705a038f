// SPDX-License-Identifier: MIT
// PNG and JPEG as the programs read them. Whatever the bytes, a photo whose samples fit its size, or an error of one line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/image_file.hpp"
#include "fuzz/fuzz.hpp"
#include "kit/encoded_photo.hpp"

namespace {

/// A file in memory that is written anew for each input.
class MemoryFile {
 public:
  MemoryFile()
      : descriptor_(memfd_create("picture", MFD_CLOEXEC)),
        path_("/proc/self/fd/" + std::to_string(descriptor_)) {}
  MemoryFile(const MemoryFile&) = delete;
  ~MemoryFile() { close(descriptor_); }

  const std::string& write(const std::uint8_t* data, std::size_t size) const {
    const bool written =
        ftruncate(descriptor_, 0) == 0 && pwrite(descriptor_, data, size, 0) == static_cast<ssize_t>(size);
    dht::fuzz::expect(written, "the file is written");
    return path_;
  }

 private:
  int descriptor_;
  std::string path_;
};

constexpr int side = 9;

dht::fuzz::Bytes png(int depth, int type, int bits_a_pixel) {
  dht::test::PngSettings settings{side, side, depth, type};
  if (type == PNG_COLOR_TYPE_PALETTE) {
    for (std::uint8_t i = 0; i < 16; ++i) settings.palette.push_back({i, 20, 30});
    settings.palette_alpha = {0, 100};
  }
  return encode_png(settings, dht::test::some_bytes(std::size_t((side * bits_a_pixel + 7) / 8 * side)));
}

dht::fuzz::Bytes jpeg(J_COLOR_SPACE from, J_COLOR_SPACE stored, int channels, bool progressive) {
  dht::test::JpegSettings settings{side, side, channels, from, stored, progressive};
  settings.quality = 75;
  return encode_jpeg(settings, dht::test::some_bytes(std::size_t(side * side * channels)));
}

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  return {png(8, PNG_COLOR_TYPE_GRAY, 8),
          png(8, PNG_COLOR_TYPE_RGB_ALPHA, 32),
          png(4, PNG_COLOR_TYPE_PALETTE, 4),
          png(16, PNG_COLOR_TYPE_RGB, 48),
          jpeg(JCS_GRAYSCALE, JCS_GRAYSCALE, 1, false),
          jpeg(JCS_RGB, JCS_YCbCr, 3, false),
          jpeg(JCS_RGB, JCS_YCbCr, 3, true),
          jpeg(JCS_CMYK, JCS_CMYK, 4, false)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const MemoryFile file;
  const std::string& path = file.write(data, size);
  dht::fuzz::accepts([&] {
    const dht::examples::Photo photo = dht::examples::read_photo(path);
    const auto pixels = static_cast<std::size_t>(photo.height) * static_cast<std::size_t>(photo.width);
    dht::fuzz::expect(photo.height > 0 && photo.width > 0, "a photo has pixels");
    std::visit(
        [&](const auto& samples) {
          dht::fuzz::expect(samples.size() == 3 * pixels, "three samples a pixel");
        },
        photo.samples);
    dht::fuzz::expect(photo.picture().rgb.size() == 3 * pixels, "three numbers a pixel of the picture");
  });
  dht::fuzz::accepts([&] { dht::examples::read_label_map(path); });
  return 0;
}
