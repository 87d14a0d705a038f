// SPDX-License-Identifier: MIT
// PNG and JPEG as the programs read them. Whatever the bytes, a photo whose samples fit its size, or an error of one line.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <jpeglib.h>
#include <png.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/image_file.hpp"
#include "fuzz/fuzz.hpp"

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

/// `channels` bytes a pixel.
dht::fuzz::Bytes samples(int channels) {
  dht::fuzz::Bytes bytes;
  for (int i = 0; i < side * side * channels; ++i)
    bytes.push_back(static_cast<std::uint8_t>(i * 37 + i / 20));
  return bytes;
}

dht::fuzz::Bytes png(png_uint_32 format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = side;
  image.format = format;
  dht::fuzz::Bytes pixels = samples(static_cast<int>(PNG_IMAGE_PIXEL_SIZE(format)));
  dht::fuzz::Bytes palette;
  if ((format & PNG_FORMAT_FLAG_COLORMAP) != 0) {
    image.colormap_entries = 16;
    palette = samples(4);
    for (std::uint8_t& index : pixels) index %= 16;
  }
  png_alloc_size_t size = 0;
  dht::fuzz::Bytes file(1 << 16);
  size = file.size();
  const int written = png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0,
                                                palette.empty() ? nullptr : palette.data());
  dht::fuzz::expect(written != 0, "a PNG seed is written");
  file.resize(size);
  return file;
}

dht::fuzz::Bytes jpeg(J_COLOR_SPACE space, int channels, bool progressive) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &memory, &size);
  encoder.image_width = encoder.image_height = side;
  encoder.input_components = channels;
  encoder.in_color_space = space;
  jpeg_set_defaults(&encoder);
  if (progressive) jpeg_simple_progression(&encoder);
  jpeg_start_compress(&encoder, TRUE);
  dht::fuzz::Bytes pixels = samples(channels);
  for (int y = 0; y < side; ++y) {
    JSAMPROW row = pixels.data() + y * side * channels;
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  dht::fuzz::Bytes file(memory, memory + size);
  jpeg_destroy_compress(&encoder);
  std::free(memory);
  return file;
}

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  return {png(PNG_FORMAT_GRAY),          png(PNG_FORMAT_RGBA),       png(PNG_FORMAT_RGB_COLORMAP),
          png(PNG_FORMAT_RGBA_COLORMAP), png(PNG_FORMAT_LINEAR_RGB), jpeg(JCS_GRAYSCALE, 1, false),
          jpeg(JCS_RGB, 3, false),       jpeg(JCS_RGB, 3, true),     jpeg(JCS_CMYK, 4, false)};
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
