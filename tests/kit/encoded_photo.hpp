// SPDX-License-Identifier: MIT
// PNG and JPEG files of every kind, in memory: what tests give to the programs' reader. Needs libpng and libjpeg-turbo.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // before jpeglib.h, which uses FILE and size_t without including them
#include <cstdlib>
#include <vector>

#include <jpeglib.h>
#include <png.h>

namespace dht::test {

using Bytes = std::vector<std::uint8_t>;

/// Numbers that repeat nowhere and do not compress to nothing.
inline std::uint8_t some_value(std::size_t i) { return std::uint8_t((i * 2654435761u) >> 13); }

inline Bytes some_bytes(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = some_value(i);
  return bytes;
}

struct PngSettings {
  int width = 7, height = 5, depth = 8, type = PNG_COLOR_TYPE_RGB;
  bool interlaced = false;
  std::vector<png_color> palette = {};
  Bytes palette_alpha = {};
  const png_color_16* transparent = nullptr;
};

/// `rows` holds the rows as PNG packs them.
inline Bytes encode_png(const PngSettings& settings, Bytes rows) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png)) != 0) std::abort();
  Bytes bytes;
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep from, std::size_t count) {
        auto& to = *static_cast<Bytes*>(png_get_io_ptr(p));
        to.insert(to.end(), from, from + count);
      },
      nullptr);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(png, info, png_uint_32(settings.width), png_uint_32(settings.height), settings.depth,
               settings.type, settings.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!settings.palette.empty())
    png_set_PLTE(png, info, settings.palette.data(), int(settings.palette.size()));
  if (!settings.palette_alpha.empty())
    png_set_tRNS(png, info, settings.palette_alpha.data(), int(settings.palette_alpha.size()), nullptr);
  if (settings.transparent != nullptr) png_set_tRNS(png, info, nullptr, 0, settings.transparent);
  png_write_info(png, info);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  if (rows.size() != row_bytes * std::size_t(settings.height)) std::abort();
  std::vector<png_bytep> pointers;
  for (int y = 0; y < settings.height; ++y) pointers.push_back(rows.data() + std::size_t(y) * row_bytes);
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

struct JpegSettings {
  int width = 24, height = 16, channels = 3;
  J_COLOR_SPACE from = JCS_RGB, stored = JCS_YCbCr;
  bool progressive = false, arithmetic = false, separate_scans = false, adobe_marker = true;
  int quality = 100;
  Bytes exif = {};  ///< the whole APP1 segment
};

inline Bytes encode_jpeg(const JpegSettings& settings, Bytes values) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_width = JDIMENSION(settings.width);
  jpeg.image_height = JDIMENSION(settings.height);
  jpeg.input_components = settings.channels;
  jpeg.in_color_space = settings.from;
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, settings.stored);
  jpeg_set_quality(&jpeg, settings.quality, TRUE);
  for (int i = 0; i < jpeg.num_components; ++i)  // so that colours come back as they were
    jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
  if (settings.progressive) jpeg_simple_progression(&jpeg);
  constexpr std::array<jpeg_scan_info, 3> scans = {
      {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}}};
  if (settings.separate_scans) jpeg.scan_info = scans.data(), jpeg.num_scans = int(scans.size());
  jpeg.arith_code = settings.arithmetic ? TRUE : FALSE;
  if (!settings.adobe_marker) jpeg.write_Adobe_marker = FALSE;
  jpeg_start_compress(&jpeg, TRUE);
  if (!settings.exif.empty())
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, settings.exif.data(), unsigned(settings.exif.size()));
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row =
        values.data() + jpeg.next_scanline * std::size_t(settings.width) * std::size_t(settings.channels);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  const Bytes bytes(memory, memory + size);
  std::free(memory);
  return bytes;
}

}  // namespace dht::test
