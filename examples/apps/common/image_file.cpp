// SPDX-License-Identifier: MIT
// PNG and JPEG in, PNG out, every failure a sentence: libpng and libjpeg behind one setjmp guard each.
#include "image_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>  // before jpeglib.h, which uses FILE and size_t without including them
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <string_view>

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>

#include "exif.hpp"
#include "memory.hpp"

namespace dht::examples {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

// ------------------------------------------------------------------------------------------------ first bytes

constexpr std::array<std::uint8_t, 8> png_signature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::array<std::uint8_t, 3> jpeg_signature = {0xFF, 0xD8, 0xFF};

bool starts_with(ByteSpan file, ByteSpan signature) {
  return file.size() >= signature.size() && std::equal(signature.begin(), signature.end(), file.begin());
}

/// Whether the name of a PNG's chunk is this.
bool is(ByteSpan type, std::string_view name) { return std::equal(type.begin(), type.end(), name.begin()); }

// -------------------------------------------------------------------------------------------------- messages

template <class... Parts>
[[noreturn]] void fail(const fs::path& path, const Parts&... parts) {
  dht::detail::fail({dht::detail::file_name(path), ": ", parts...});
}

void check_size(const fs::path& path, std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) fail(path, "is ", width, " x ", height, " pixels; must have at least one");
  if (height > std::uint64_t(max_photo_pixels) / width)
    fail(path, "is ", width, " x ", height, " pixels; at most ", max_photo_pixels, " pixels are read");
}

/// Refuses a photo of so many pixels where `bytes_a_pixel`, those of its samples among them, are more than there is. The sentence
/// for its notes where they are many.
std::string check_memory(const fs::path& path, std::uint64_t width, std::uint64_t height,
                         std::uint64_t bytes_a_pixel) {
  const std::uint64_t needed = width * height * bytes_a_pixel;
  constexpr std::uint64_t much = 1'000'000'000;
  if (needed < much / 10) return "";  // not worth to ask
  const std::optional<MemoryLeft> left = memory_left();
  if (left && needed > left->bytes)
    fail(path, "is ", width, " x ", height, " pixels, for which about ", gigabytes(needed),
         " of memory are needed; ", left->where, " has ", gigabytes(left->bytes));
  return needed < much ? "" : "About " + gigabytes(needed) + " of memory are needed.";
}

/// Turns a photo with its alpha, and notes it.
void turn_photo(Photo& photo, int orientation) {
  if (orientation == 1) return;
  int height = photo.height, width = photo.width;
  if (!photo.rgba.empty()) turn_upright(photo.rgba, height, width, 4, orientation);
  std::visit([&](auto& samples) { turn_upright(samples, photo.height, photo.width, 3, orientation); },
             photo.samples);
  photo.notes.emplace_back("It was turned upright (EXIF orientation " + std::to_string(orientation) + ").");
}

// ------------------------------------------------------------------------------------------------------- PNG

/// libpng's handle, reading or writing, and where its error functions leave their sentence.
struct PngHandle {
  png_structp png = nullptr;
  png_infop info = nullptr;
  bool writes, lacks_memory = false;
  std::array<char, 256> message{};

  explicit PngHandle(bool for_writing) : writes(for_writing) {
    png = writes ? png_create_write_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, this,
                                             allocate, release)
                 : png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, this, allocate,
                                            release);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) {
      destroy();
      throw std::bad_alloc();
    }
  }
  ~PngHandle() { destroy(); }
  PngHandle(const PngHandle&) = delete;
  PngHandle& operator=(const PngHandle&) = delete;

  /// Calls `body`; false when libpng left it by longjmp. Neither `body` nor a callback may hold an object
  /// with a destructor while it is in libpng. Throws std::bad_alloc where libpng left it for want of memory.
  template <class Body>
  bool guarded(const Body& body) {
    if (setjmp(png_jmpbuf(png)) != 0) {
      if (lacks_memory) throw std::bad_alloc();
      return false;
    }
    body();
    return true;
  }

 private:
  static void on_error(png_structp png, png_const_charp text) {
    auto* self = static_cast<PngHandle*>(png_get_error_ptr(png));
    std::snprintf(self->message.data(), self->message.size(), "%s", text);
    png_longjmp(png, 1);
  }
  static png_voidp allocate(png_structp png, png_alloc_size_t bytes) {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) static_cast<PngHandle*>(png_get_mem_ptr(png))->lacks_memory = true;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }
  /// What is left for warnings is harmless to the pixels (odd profiles, times, texts).
  static void on_warning(png_structp, png_const_charp) {}

  void destroy() {
    if (writes)
      png_destroy_write_struct(&png, &info);
    else
      png_destroy_read_struct(&png, &info, nullptr);
  }
};

void read_png_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto& rest = *static_cast<ByteSpan*>(png_get_io_ptr(png));
  if (rest.size() < count) png_error(png, "the file ends too early");
  std::memcpy(to, rest.data(), count);
  rest = rest.subspan(count);
}

/// 8 bits of 8 or 16, rounded to nearest: 65535 = 257 * 255.
std::uint8_t to_8_bits(std::uint8_t value) { return value; }
std::uint8_t to_8_bits(std::uint16_t value) { return static_cast<std::uint8_t>((value + 128u) / 257u); }

/// RGBA in 8 bits; empty where all is wholly opaque.
template <class T>
std::vector<std::uint8_t> rgba_in_8_bits(const std::vector<T>& samples) {
  bool transparent = false;
  for (std::size_t i = 3; i < samples.size(); i += 4)
    transparent |= samples[i] != std::numeric_limits<T>::max();
  std::vector<std::uint8_t> rgba;
  if (!transparent) return rgba;
  rgba.reserve(samples.size());
  for (const T value : samples) rgba.push_back(to_8_bits(value));
  return rgba;
}

/// Lays RGBA over white, in place: v becomes round((v*a + top*(top - a)) / top). True unless all was opaque.
template <class T>
bool lay_over_white(std::vector<T>& samples) {
  constexpr std::uint64_t top = std::numeric_limits<T>::max();
  const std::size_t pixels = samples.size() / 4;
  bool transparent = false;
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint64_t alpha = samples[4 * i + 3];
    transparent |= alpha != top;
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint64_t value = samples[4 * i + c];
      samples[3 * i + c] = static_cast<T>((value * alpha + top * (top - alpha) + top / 2) / top);
    }
  }
  samples.resize(3 * pixels);
  return transparent;
}

/// Walks over the chunks of a PNG before libpng takes memory for them: none may reach past the end of the file. Returns the
/// EXIF orientation, which may stand behind the pixels; 1 where there is none that makes sense.
int walk_chunks(const fs::path& path, ByteSpan file) {
  std::optional<int> orientation;
  for (std::size_t at = png_signature.size(); file.size() - at >= 12;) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | file[at + i];
    const ByteSpan type = file.subspan(at + 4, 4);
    if (length > file.size() - at - 12)
      fail(path, "is a damaged PNG (a chunk of ", length, " bytes at byte ", at, " does not fit into ",
           file.size(), " bytes)");
    if (is(type, "IEND")) break;
    if (is(type, "eXIf") && !orientation) orientation = exif_orientation(file.subspan(at + 8, length));
    at += length + 12;
  }
  return orientation.value_or(1);
}

/// Reads the header of a PNG and refuses sizes that cannot be. `rest` must outlive the handle's use.
void begin_png(const fs::path& path, PngHandle& handle, ByteSpan& rest) {
  const png_structp png = handle.png;
  const std::size_t file_size = rest.size();
  const bool has_header = handle.guarded([&] {
    png_set_read_fn(png, &rest, read_png_bytes);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size says it in a sentence
    // Texts, profiles and the like are passed over: compressed ones unfold to a thousand times their size.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_read_info(png, handle.info);
  });
  if (!has_header) fail(path, "is a damaged PNG (libpng: ", handle.message.data(), ")");

  const std::uint64_t width = png_get_image_width(png, handle.info);
  const std::uint64_t height = png_get_image_height(png, handle.info);
  check_size(path, width, height);
  // Deflate shrinks at most 1032 to 1: a small file that promises a large picture gets no memory for it.
  constexpr std::uint64_t best_ratio = 1032;
  if (png_get_rowbytes(png, handle.info) * height / best_ratio > file_size)
    fail(path, "is a damaged PNG (", width, " x ", height, " pixels do not fit into ", file_size, " bytes)");
}

/// All rows of a PNG, `pitch` bytes apart, after its transformations were set.
void read_png_rows(const fs::path& path, PngHandle& handle, png_bytep to, std::size_t pitch) {
  const png_structp png = handle.png;
  const std::size_t height = png_get_image_height(png, handle.info);
  const int passes = png_get_interlace_type(png, handle.info) == PNG_INTERLACE_NONE ? 1 : 7;
  const bool complete = handle.guarded([&] {
    for (int pass = 0; pass < passes; ++pass)
      for (std::size_t y = 0; y < height; ++y) png_read_row(png, to + y * pitch, nullptr);
    png_read_end(png, nullptr);
  });
  if (!complete) fail(path, "is a damaged PNG (libpng: ", handle.message.data(), ")");
}

template <class T>
void read_png_samples(const fs::path& path, PngHandle& handle, Photo& photo) {
  const png_structp png = handle.png;
  const std::size_t row_bytes = png_get_rowbytes(png, handle.info);
  const int channels = png_get_channels(png, handle.info);
  const std::size_t row_length = std::size_t(photo.width) * static_cast<std::size_t>(channels);
  if ((channels != 3 && channels != 4) || row_bytes != row_length * sizeof(T))
    fail(path, "is a PNG with ", channels, " channels, ", row_bytes,
         " bytes a row, which libpng did not expand");

  std::vector<T> samples(row_length * static_cast<std::size_t>(photo.height));
  read_png_rows(path, handle, reinterpret_cast<png_bytep>(samples.data()), row_bytes);
  if (channels == 4) photo.rgba = rgba_in_8_bits(samples);
  if (channels == 4 && lay_over_white(samples))
    photo.notes.emplace_back("It is partly transparent; tokens are of it laid over white.");
  photo.samples = std::move(samples);
}

Photo decode_png(const fs::path& path, ByteSpan file, int bytes_a_pixel) {
  const int orientation = walk_chunks(path, file);
  PngHandle handle(false);
  const png_structp png = handle.png;
  ByteSpan rest = file;
  begin_png(path, handle, rest);
  const bool ready = handle.guarded([&] {
    png_set_expand(png);
    png_set_gray_to_rgb(png);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, handle.info);
  });
  if (!ready) fail(path, "is a damaged PNG (libpng: ", handle.message.data(), ")");

  Photo photo;
  photo.height = static_cast<int>(png_get_image_height(png, handle.info));
  photo.width = static_cast<int>(png_get_image_width(png, handle.info));
  const int samples = png_get_channels(png, handle.info) * png_get_bit_depth(png, handle.info) / 8;
  const std::string memory = check_memory(path, std::uint64_t(photo.width), std::uint64_t(photo.height),
                                          std::uint64_t(samples + bytes_a_pixel));
  if (png_get_bit_depth(png, handle.info) == 16)
    read_png_samples<std::uint16_t>(path, handle, photo);
  else
    read_png_samples<std::uint8_t>(path, handle, photo);
  turn_photo(photo, orientation);
  if (!memory.empty()) photo.notes.push_back(memory);
  return photo;
}

LabelMap decode_labels(const fs::path& path, ByteSpan file) {
  const int orientation = walk_chunks(path, file);
  PngHandle handle(false);
  const png_structp png = handle.png;
  ByteSpan rest = file;
  begin_png(path, handle, rest);
  const int type = png_get_color_type(png, handle.info), depth = png_get_bit_depth(png, handle.info);
  if ((type != PNG_COLOR_TYPE_GRAY && type != PNG_COLOR_TYPE_PALETTE) || depth > 8)
    fail(path, "is a PNG of ", depth, "-bit ", type == PNG_COLOR_TYPE_GRAY ? "grey" : "colours",
         "; a label map must be grey or a palette, of at most 8 bits");
  const bool ready = handle.guarded([&] {
    png_set_packing(png);  // a byte a pixel, numbers as they are
    png_set_interlace_handling(png);
    png_read_update_info(png, handle.info);
  });
  if (!ready) fail(path, "is a damaged PNG (libpng: ", handle.message.data(), ")");
  LabelMap map;
  map.height = static_cast<int>(png_get_image_height(png, handle.info));
  map.width = static_cast<int>(png_get_image_width(png, handle.info));
  check_memory(path, std::uint64_t(map.width), std::uint64_t(map.height), 1);
  map.values.resize(std::size_t(map.height) * static_cast<std::size_t>(map.width));
  read_png_rows(path, handle, map.values.data(), std::size_t(map.width));
  if (orientation != 1) turn_upright(map.values, map.height, map.width, 1, orientation);
  return map;
}

// ------------------------------------------------------------------------------------------------------ JPEG

/// libjpeg's handle, and where its error functions leave their sentence.
struct JpegHandle {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf leave{};
  std::array<char, JMSG_LENGTH_MAX> message{};
  bool skipped_bytes = false, lacks_memory = false;

  JpegHandle() {
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = this;
    errors.error_exit = on_error;
    errors.emit_message = on_message;
    errors.output_message = [](j_common_ptr) {};
    progress.progress_monitor = on_progress;
  }
  ~JpegHandle() { jpeg_destroy_decompress(&jpeg); }
  JpegHandle(const JpegHandle&) = delete;
  JpegHandle& operator=(const JpegHandle&) = delete;

  /// Calls `body`; false when libjpeg left it by longjmp. `body` may not hold an object with a destructor
  /// while it is in libjpeg. Throws std::bad_alloc where libjpeg left it for want of memory.
  template <class Body>
  bool guarded(const Body& body) {
    if (setjmp(leave) != 0) {
      if (lacks_memory) throw std::bad_alloc();
      return false;
    }
    body();
    return true;
  }

 private:
  static JpegHandle& self(j_common_ptr jpeg) { return *static_cast<JpegHandle*>(jpeg->client_data); }

  static void on_error(j_common_ptr jpeg) {
    jpeg->err->format_message(jpeg, self(jpeg).message.data());
    self(jpeg).lacks_memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    std::longjmp(self(jpeg).leave, 1);
  }
  /// libjpeg warns where it replaces missing or damaged data by a guess; a guess is not the photo.
  static void on_message(j_common_ptr jpeg, int level) {
    if (level >= 0) return;  // tracing
    switch (jpeg->err->msg_code) {
      case JWRN_NOT_SEQUENTIAL:  // numbers of a scan that mean nothing in files that are not progressive
        return;
      case JWRN_EXTRANEOUS_DATA:  // padding that some cameras leave between segments
        self(jpeg).skipped_bytes = true;
        return;
      case JWRN_JFIF_MAJOR:
      case JWRN_ADOBE_XFORM:
        return;
      default:
        on_error(jpeg);
    }
  }
  /// A few bytes can order another pass over all pixels; real files have about ten.
  static void on_progress(j_common_ptr jpeg) {
    constexpr int max_scans = 500;
    if (!jpeg->is_decompressor || reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= max_scans)
      return;
    std::snprintf(self(jpeg).message.data(), JMSG_LENGTH_MAX, "more than %d scans", max_scans);
    std::longjmp(self(jpeg).leave, 1);
  }
};

/// One row of inks to RGB: what one ink leaves of the light times what black leaves of it. Files hold the light that is left,
/// with Adobe's marker or without.
void inks_to_rgb(const Bytes& inks, std::uint8_t* rgb) {
  for (std::size_t i = 0; i + 4 <= inks.size(); i += 4) {
    const unsigned light = inks[i + 3];
    for (std::size_t c = 0; c < 3; ++c) *rgb++ = static_cast<std::uint8_t>((inks[i + c] * light + 127) / 255);
  }
}

/// Huffman's codes have a bit for each block of 8 x 8 numbers at least: a small file that promises a large picture gets no
/// memory for its blocks.
void check_blocks(const fs::path& path, const jpeg_decompress_struct& jpeg, std::size_t file_size) {
  std::uint64_t blocks = 0;
  for (int c = 0; c < jpeg.num_components; ++c)
    blocks += std::uint64_t{jpeg.comp_info[c].width_in_blocks} * jpeg.comp_info[c].height_in_blocks;
  if (!jpeg.arith_code && blocks / 8 > file_size)
    fail(path, "is a damaged JPEG (", jpeg.image_width, " x ", jpeg.image_height, " pixels do not fit into ",
         file_size, " bytes)");
}

Photo decode_jpeg(const fs::path& path, ByteSpan file, int bytes_a_pixel) {
  JpegHandle handle;
  jpeg_decompress_struct& jpeg = handle.jpeg;
  const auto expect = [&](bool done) {
    if (!done) fail(path, "is a damaged or unsupported JPEG (libjpeg: ", handle.message.data(), ")");
  };
  expect(handle.guarded([&] {
    jpeg_create_decompress(&jpeg);
    jpeg.progress = &handle.progress;
    jpeg_mem_src(&jpeg, file.data(), static_cast<unsigned long>(file.size()));
    jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_read_header(&jpeg, TRUE);
  }));
  check_size(path, jpeg.image_width, jpeg.image_height);
  if (jpeg.data_precision != 8)
    fail(path, "is a JPEG with ", jpeg.data_precision, " bits a sample; only 8 bits are read");

  check_blocks(path, jpeg, file.size());
  // Files of several scans keep all coefficients until the last.
  const int own = 3 + (jpeg_has_multiple_scans(&jpeg) ? 2 * jpeg.num_components : 0);
  const std::string memory =
      check_memory(path, jpeg.image_width, jpeg.image_height, std::uint64_t(own + bytes_a_pixel));

  int orientation = 1;  // read now: jpeg_finish_decompress frees the markers
  for (jpeg_saved_marker_ptr marker = jpeg.marker_list; marker != nullptr; marker = marker->next) {
    if (const auto found = exif_orientation({marker->data, marker->data_length})) {
      orientation = *found;
      break;
    }
  }

  const bool inks = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  expect(handle.guarded([&] {
    jpeg.out_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&jpeg);
  }));

  // Grown row by row: a small file that promises a large picture gets no memory beyond what it delivers.
  const std::size_t row_length = std::size_t{jpeg.output_width} * 3;
  Bytes row(std::size_t{jpeg.output_width} * static_cast<std::size_t>(jpeg.output_components)), samples;
  samples.reserve(row_length * jpeg.output_height);
  expect(handle.guarded([&] {
    JSAMPROW row_pointer = row.data();
    while (jpeg.output_scanline < jpeg.output_height) {
      jpeg_read_scanlines(&jpeg, &row_pointer, 1);
      if (inks) {
        samples.resize(samples.size() + row_length);
        inks_to_rgb(row, samples.data() + samples.size() - row_length);
      } else {
        samples.insert(samples.end(), row.begin(), row.end());
      }
    }
    jpeg_finish_decompress(&jpeg);
  }));

  Photo photo;
  photo.height = static_cast<int>(jpeg.output_height);
  photo.width = static_cast<int>(jpeg.output_width);
  photo.samples = std::move(samples);
  if (inks) photo.notes.emplace_back("Its CMYK inks were turned into RGB without a colour profile.");
  if (handle.skipped_bytes)
    photo.notes.emplace_back("It has stray bytes between its segments, which were skipped.");
  turn_photo(photo, orientation);
  if (!memory.empty()) photo.notes.push_back(memory);
  return photo;
}

// ----------------------------------------------------------------------------------------------------- files

/// Writes samples of 8 bits, grey or RGB, rows without padding.
void encode_png(const fs::path& path, int height, int width, int colour_type, const std::uint8_t* samples) {
  const std::size_t row_length = std::size_t(width) * (colour_type == PNG_COLOR_TYPE_RGB ? 3 : 1);
  PngHandle handle(true);
  const png_structp png = handle.png;
  std::string encoded;
  const auto append = [](png_structp writer, png_bytep bytes, std::size_t count) {
    bool enough_memory = true;
    try {
      static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<const char*>(bytes), count);
    } catch (const std::exception&) {
      enough_memory = false;  // an exception may not pass through C
    }
    static_cast<PngHandle*>(png_get_mem_ptr(writer))->lacks_memory = !enough_memory;
    if (!enough_memory) png_error(writer, "not enough memory");
  };
  const bool complete = handle.guarded([&] {
    png_set_write_fn(png, &encoded, append, [](png_structp) {});
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(png, handle.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), 8,
                 colour_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 4);  // half of the time of libpng's 6, for a twentieth more bytes
    png_write_info(png, handle.info);
    for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
      png_write_row(png, samples + y * row_length);
    png_write_end(png, handle.info);
  });
  if (!complete) fail(path, "cannot be encoded (libpng: ", handle.message.data(), ")");
  write_file(path, std::string_view(encoded));
}

}  // namespace

Picture Photo::picture() const {
  Picture result(height, width);
  if (const auto* narrow = std::get_if<Bytes>(&samples)) {
    result.rgb = *narrow;
  } else {
    const auto& wide = std::get<std::vector<std::uint16_t>>(samples);
    std::transform(wide.begin(), wide.end(), result.rgb.begin(),
                   [](std::uint16_t value) { return to_8_bits(value); });
  }
  return result;
}

Picture Photo::picture_with_alpha() const {
  if (rgba.empty()) return picture();
  Picture result(height, width);
  for (std::size_t i = 0; i < rgba.size(); i += 4) {
    std::copy_n(&rgba[i], 3, &result.rgb[i / 4 * 3]);
    result.alpha.push_back(rgba[i + 3]);
  }
  return result;
}

Photo read_photo(const fs::path& path, int bytes_a_pixel) try {
  const std::vector<std::byte> bytes = read_file(path);
  const ByteSpan file(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (file.empty()) fail(path, "is empty; must be a PNG or JPEG file");
  if (starts_with(file, png_signature)) return decode_png(path, file, bytes_a_pixel);
  if (starts_with(file, jpeg_signature)) return decode_jpeg(path, file, bytes_a_pixel);
  fail(path, "is neither a PNG nor a JPEG file; only these two are read");
} catch (const std::bad_alloc&) {
  throw NotEnoughMemory(dht::detail::file_name(path) + ": " + not_enough_memory);
}

LabelMap read_label_map(const fs::path& path) try {
  const std::vector<std::byte> bytes = read_file(path);
  const ByteSpan file(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (!starts_with(file, png_signature)) fail(path, "is no PNG file; a label map must be one");
  return decode_labels(path, file);
} catch (const std::bad_alloc&) {
  throw NotEnoughMemory(dht::detail::file_name(path) + ": " + not_enough_memory);
}

void write_png(const fs::path& path, const Picture& picture) {
  check(picture, "picture");
  encode_png(path, picture.height, picture.width, PNG_COLOR_TYPE_RGB, picture.rgb.data());
}

void write_label_map(const fs::path& path, const LabelMap& map) {
  DHT_EXPECTS(map.height > 0 && map.width > 0, "label map: is ", map.height, " x ", map.width,
              " pixels; must have at least one");
  DHT_EXPECTS(map.values.size() == std::size_t(map.height) * static_cast<std::size_t>(map.width),
              "label map: has ", map.values.size(), " numbers; must have height * width = ", map.height,
              " * ", map.width);
  encode_png(path, map.height, map.width, PNG_COLOR_TYPE_GRAY, map.values.data());
}

}  // namespace dht::examples
