// SPDX-License-Identifier: MIT
// Photos in (PNG, JPEG) and pictures out (PNG): what the programs share. Needs libpng and libjpeg-turbo.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <dht/core/picture.hpp>
#include <dht/core/view.hpp>

namespace dht::examples {

/// The largest photo that `read_photo` opens, in pixels (16384 x 16384): no header can ask for all memory.
inline constexpr std::int64_t max_photo_pixels = std::int64_t{1} << 28;

/// A decoded photo: RGB, interleaved, rows without padding, upright, opaque, 8 or 16 bits a sample.
/// The samples are taken as sRGB: gamma chunks and colour profiles in the file are not applied.
struct Photo {
  int height = 0, width = 0;
  /// height * width * 3 numbers; 16 bits where the file has 16 bits.
  std::variant<std::vector<std::uint8_t>, std::vector<std::uint16_t>> samples;
  /// Four numbers a pixel, 8 bits: what the file says, alpha not laid over anything; empty where all is wholly opaque.
  std::vector<std::uint8_t> rgba = {};
  /// What was done on the way that a user may want to know, one sentence each.
  std::vector<std::string> notes;

  /// Calls `function` with the view of the photo (batch 1, 3 channels), an `ImageView<const std::uint8_t>` or
  /// an `ImageView<const std::uint16_t>`, and returns what it returns. The view lives as long as the photo.
  template <class Function>
  decltype(auto) visit(Function&& function) const {
    return std::visit(
        [&](const auto& values) -> decltype(auto) {
          return std::forward<Function>(function)(interleaved_view(values.data(), height, width, 3));
        },
        samples);
  }

  /// Bits of one sample, 8 or 16.
  int bits() const { return samples.index() == 0 ? 8 : 16; }

  /// The photo to look at or to draw on: 8 bits a sample, rounded to nearest.
  Picture picture() const;

  /// The same with the file's alpha, where it has some, and colours that are not laid over white.
  Picture picture_with_alpha() const;
};

/// Reads a PNG (every bit depth and colour type, interlaced or not) or a JPEG (8 bits: grey, YCbCr, RGB,
/// CMYK, YCCK; baseline or progressive). The first bytes of the file decide which it is, not its name.
///
/// Grey and palettes become RGB; alpha is laid over white; CMYK (taken as Adobe writes it, 255 for no ink) is
/// multiplied out without a profile; the EXIF orientation of either format is applied. `notes` tells of
/// transparency, inks and turning.
///
/// `bytes_a_pixel` are what the program is going to need beside the photo, about: where that is more memory than there is, the
/// photo is refused before a pixel is read, and where it is over a gigabyte, `notes` tells of it.
///
/// Throws dht::Error, one line that begins with the file's name, when the file is missing, a directory,
/// empty, neither PNG nor JPEG, incomplete or damaged anywhere (a wrong checksum, a code that no encoder
/// writes), over `max_photo_pixels`, too large for the memory there is, or of a kind that the two libraries do
/// not decode. Where memory was asked for and not given, that is a NotEnoughMemory.
Photo read_photo(const std::filesystem::path& path, int bytes_a_pixel = 0);

/// A number for every pixel, such as its class.
struct LabelMap {
  int height = 0, width = 0;
  std::vector<std::uint8_t> values;  ///< height * width
};

/// Reads a grey PNG, or one with a palette, of at most 8 bits: the numbers as they are stored, upright as photos are. Throws
/// dht::Error, one line that begins with the file's name, as `read_photo` does, and for other kinds of PNG.
LabelMap read_label_map(const std::filesystem::path& path);

/// Writes one as an 8-bit grey PNG, as `write_png` does.
void write_label_map(const std::filesystem::path& path, const LabelMap& map);

/// Writes an 8-bit RGB PNG, whole or not at all (`dht::write_file`). One picture gives the same bytes with one
/// version of zlib. Throws dht::Error when the picture is empty, shape and memory disagree, or writing fails.
void write_png(const std::filesystem::path& path, const Picture& picture);

}  // namespace dht::examples
