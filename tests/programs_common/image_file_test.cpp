// SPDX-License-Identifier: MIT
// Photos of every kind, written by the two libraries and read back; damaged ones refused; the sample picture.
#ifdef DHT_TEST_HAS_EXAMPLES

#include "common/image_file.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

#include <zlib.h>
#ifdef __linux__
#include <sys/resource.h>
#endif

#include "common/sample_picture.hpp"
#include "io/scratch.hpp"
#include "kit/catch.hpp"
#include "kit/encoded_photo.hpp"

using Catch::Matchers::ContainsSubstring;
using dht::examples::Photo;
using dht::examples::read_photo;
using dht::examples::write_png;
using dht::test::Bytes;
using dht::test::encode_jpeg;
using dht::test::encode_png;
using dht::test::error_of;
using dht::test::JpegSettings;
using dht::test::PngSettings;
using dht::test::ScratchFolder;
using dht::test::some_bytes;
using dht::test::some_value;

namespace {

using Words = std::vector<std::uint16_t>;

void store(const std::filesystem::path& path, const Bytes& bytes) {
  std::filesystem::remove(path);  // ext4 waits for the disk when a file is overwritten
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  REQUIRE(file.flush());
}

Photo decode(const Bytes& bytes) {
  const ScratchFolder folder;
  store(folder / "photo", bytes);
  return read_photo(folder / "photo");
}

/// The error of `read_photo` for such a file at `path`, without the name before it; "(no error)" when it
/// decodes to a complete photo.
std::string refusal(const Bytes& bytes, const std::filesystem::path& path) {
  store(path, bytes);
  const std::string name = path.string() + ": ";
  std::string error = error_of([&] {
    const Photo photo = read_photo(path);
    const std::size_t values = std::size_t(photo.height) * std::size_t(photo.width) * 3;
    CHECK(std::visit([](const auto& samples) { return samples.size(); }, photo.samples) == values);
  });
  if (error == "(no error)") return error;
  CHECK(error.find('\n') == std::string::npos);
  CHECK(error.substr(0, name.size()) == name);
  return error.substr(name.size());
}

std::string refusal(const Bytes& bytes) {
  const ScratchFolder folder;
  return refusal(bytes, folder / "photo");
}

const Bytes& narrow(const Photo& photo) { return std::get<Bytes>(photo.samples); }
const Words& wide(const Photo& photo) { return std::get<Words>(photo.samples); }

// ------------------------------------------------------------------------------------------- parts of files

void append_number(Bytes& to, std::uint32_t value, int bytes, bool big_endian) {
  for (int i = 0; i < bytes; ++i) to.push_back(std::uint8_t(value >> 8 * (big_endian ? bytes - 1 - i : i)));
}

/// An APP1 segment with another entry before the orientation.
Bytes exif(std::uint32_t orientation, bool big_endian, std::uint32_t type = 3, std::uint32_t count = 1) {
  Bytes segment = {'E', 'x', 'i', 'f', 0, 0};
  segment.insert(segment.end(), 2, big_endian ? 'M' : 'I');
  const auto put = [&](std::uint32_t value, int bytes) { append_number(segment, value, bytes, big_endian); };
  put(42, 2), put(8, 4), put(2, 2);
  put(0x010F, 2), put(2, 2), put(4, 4), put(0, 4);
  put(0x0112, 2), put(type, 2), put(count, 4), put(orientation, 2), put(0, 2);
  put(0, 4);
  return segment;
}

/// CRC-32 of PNG, bit by bit.
std::uint32_t checksum(const std::uint8_t* bytes, std::size_t count) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (std::size_t i = 0; i < count; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

std::uint32_t big_endian_number(const Bytes& bytes, std::size_t at) {
  return std::uint32_t(bytes[at]) << 24 | std::uint32_t(bytes[at + 1]) << 16 |
         std::uint32_t(bytes[at + 2]) << 8 | bytes[at + 3];
}

/// Makes every chunk's checksum right, so that what lies behind the checksums is tested too.
void repair_checksums(Bytes& png) {
  std::size_t at = 8;
  while (at + 12 <= png.size()) {
    const std::size_t length = big_endian_number(png, at);
    if (length > png.size() - at - 12) return;
    const std::uint32_t crc = checksum(png.data() + at + 4, length + 4);
    for (std::size_t i = 0; i < 4; ++i) png[at + 8 + length + i] = std::uint8_t(crc >> (24 - 8 * i));
    at += length + 12;
  }
}

Bytes png_chunk(const std::string& type, const Bytes& data) {
  Bytes chunk;
  append_number(chunk, std::uint32_t(data.size()), 4, true);
  chunk.insert(chunk.end(), type.begin(), type.end());
  chunk.insert(chunk.end(), data.begin(), data.end());
  append_number(chunk, checksum(chunk.data() + 4, data.size() + 4), 4, true);
  return chunk;
}

/// Where row and column of a picture stored by an orientation are shown, of `height` x `width`. The stored row 0 and column 0
/// are: 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7 right bottom, 8 left bottom.
std::array<int, 2> shown_place(int orientation, int row, int column, int height, int width) {
  const int right = width - 1, bottom = height - 1;
  const std::array<std::array<int, 2>, 8> places = {{{row, column},
                                                     {row, right - column},
                                                     {bottom - row, right - column},
                                                     {bottom - row, column},
                                                     {column, row},
                                                     {column, right - row},
                                                     {bottom - column, right - row},
                                                     {bottom - column, row}}};
  return places[std::size_t(orientation - 1)];
}

/// One file of every kind, to be damaged.
std::vector<Bytes> all_kinds() {
  std::vector<Bytes> files;
  PngSettings png{33, 21};
  for (const bool interlaced : {false, true}) {
    png.interlaced = interlaced;
    png.depth = 8, png.type = PNG_COLOR_TYPE_RGB;
    files.push_back(encode_png(png, some_bytes(33 * 3 * 21)));
    png.type = PNG_COLOR_TYPE_RGB_ALPHA, png.depth = 16;
    files.push_back(encode_png(png, some_bytes(33 * 8 * 21)));
    png.type = PNG_COLOR_TYPE_GRAY, png.depth = 2;
    files.push_back(encode_png(png, some_bytes(9 * 21)));
    png.type = PNG_COLOR_TYPE_PALETTE, png.depth = 4;
    png.palette.assign(16, png_color{10, 20, 30});
    png.palette_alpha = {0, 100, 255};
    files.push_back(encode_png(png, some_bytes(17 * 21)));
    png.palette.clear();
    png.palette_alpha.clear();
  }
  const Bytes colours = some_bytes(24 * 16 * 4);
  JpegSettings jpeg;
  jpeg.quality = 80;
  jpeg.exif = exif(6, true);
  for (const bool progressive : {false, true}) {
    jpeg.progressive = progressive;
    jpeg.channels = 3, jpeg.from = JCS_RGB, jpeg.stored = JCS_YCbCr;
    files.push_back(encode_jpeg(jpeg, colours));
    jpeg.channels = 4, jpeg.from = JCS_CMYK, jpeg.stored = JCS_YCCK;
    files.push_back(encode_jpeg(jpeg, colours));
    jpeg.channels = 1, jpeg.from = JCS_GRAYSCALE, jpeg.stored = JCS_GRAYSCALE;
    files.push_back(encode_jpeg(jpeg, colours));
  }
  return files;
}

/// The largest difference of two samples.
int distance(const Bytes& a, const Bytes& b) {
  REQUIRE(a.size() == b.size());
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(int(a[i]) - int(b[i])));
  return most;
}

// Rounding in the colour transform and in the cosine transform, at quality 100 for flat blocks.
constexpr int jpeg_rounding = 4;

/// 8x8 blocks of one colour each, which JPEG keeps.
Bytes blocks(int width, int height, int channels) {
  Bytes values;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        values.push_back(some_value(std::size_t((y / 8 * 31 + x / 8) * channels + c)));
  return values;
}

}  // namespace

// ------------------------------------------------------------------------------------------------------ PNG

TEST_CASE("PNG: 8-bit RGB comes back as written, interlaced or not", "[photo]") {
  PngSettings settings;
  settings.interlaced = GENERATE(false, true);
  const Bytes rows = some_bytes(7 * 3 * 5);
  const Photo photo = decode(encode_png(settings, rows));
  CHECK(photo.height == 5);
  CHECK(photo.width == 7);
  CHECK(photo.bits() == 8);
  CHECK(narrow(photo) == rows);
  CHECK(photo.picture().rgb == rows);
  CHECK(photo.notes.empty());
}

TEST_CASE("PNG: grey of every depth becomes RGB", "[photo]") {
  PngSettings settings;
  settings.type = PNG_COLOR_TYPE_GRAY;
  settings.depth = GENERATE(1, 2, 4, 8);
  settings.interlaced = GENERATE(false, true);
  const std::size_t row_bytes = std::size_t(7 * settings.depth + 7) / 8;
  const Bytes rows = some_bytes(row_bytes * 5);
  Bytes expected;
  for (std::size_t y = 0; y < 5; ++y) {
    for (std::size_t x = 0; x < 7; ++x) {
      const std::size_t bit = x * std::size_t(settings.depth);
      const int top = (1 << settings.depth) - 1;
      const int value = (rows[y * row_bytes + bit / 8] >> (8 - settings.depth - int(bit % 8))) & top;
      expected.insert(expected.end(), 3, std::uint8_t(value * 255 / top));
    }
  }
  CHECK(narrow(decode(encode_png(settings, rows))) == expected);
}

TEST_CASE("PNG: 16 bits stay 16 bits", "[photo]") {
  PngSettings settings;
  settings.depth = 16;
  settings.interlaced = GENERATE(false, true);
  const bool grey = GENERATE(false, true);
  settings.type = grey ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
  const Bytes rows = some_bytes(grey ? 7 * 2 * 5 : 7 * 6 * 5);
  Words expected;
  for (std::size_t i = 0; i < rows.size(); i += 2)
    expected.insert(expected.end(), grey ? 3 : 1, std::uint16_t(rows[i] << 8 | rows[i + 1]));
  const Photo photo = decode(encode_png(settings, rows));
  CHECK(photo.bits() == 16);
  CHECK(wide(photo) == expected);
  const dht::Picture picture = photo.picture();
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(std::abs(picture.rgb[i] * 257 - int(expected[i])) <= 128);
}

TEST_CASE("PNG: alpha is laid over white and noted", "[photo]") {
  PngSettings settings{2, 2, 8, PNG_COLOR_TYPE_RGB_ALPHA};
  Photo photo =
      decode(encode_png(settings, {10, 20, 30, 255, 10, 20, 30, 0, 10, 20, 30, 51, 0, 101, 255, 128}));
  // 10*0.2 + 255*0.8 = 206, ...; 128/255 of (0, 101, 255) over white = (127, 177.7, 255)
  CHECK(narrow(photo) == Bytes{10, 20, 30, 255, 255, 255, 206, 208, 210, 127, 178, 255});
  CHECK(photo.notes ==
        std::vector<std::string>{"It is partly transparent; tokens are of it laid over white."});

  photo = decode(encode_png(settings, {1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 10, 11, 12, 255}));
  CHECK(narrow(photo) == Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(photo.notes.empty());

  settings.type = PNG_COLOR_TYPE_GRAY_ALPHA;
  settings.depth = 16;
  photo = decode(encode_png(settings, {1, 2, 255, 255, 1, 2, 0, 0, 0, 0, 128, 0, 255, 255, 1, 0}));
  CHECK(wide(photo) == Words{258, 258, 258, 65535, 65535, 65535, 32767, 32767, 32767, 65535, 65535, 65535});
}

TEST_CASE("PNG: palettes, with and without transparent entries", "[photo]") {
  PngSettings settings{4, 1, 2, PNG_COLOR_TYPE_PALETTE};
  settings.palette = {{1, 2, 3}, {40, 50, 60}, {200, 100, 0}, {255, 0, 255}};
  const Bytes rows = {0b00'01'10'11};
  CHECK(narrow(decode(encode_png(settings, rows))) == Bytes{1, 2, 3, 40, 50, 60, 200, 100, 0, 255, 0, 255});
  settings.palette_alpha = {255, 0};
  const Photo photo = decode(encode_png(settings, rows));
  CHECK(narrow(photo) == Bytes{1, 2, 3, 255, 255, 255, 200, 100, 0, 255, 0, 255});
  CHECK(photo.notes.size() == 1);
}

TEST_CASE("PNG: one transparent colour", "[photo]") {
  png_color_16 colour{};
  colour.red = 9, colour.green = 8, colour.blue = 7, colour.gray = 5;
  PngSettings settings{2, 1};
  settings.transparent = &colour;
  CHECK(narrow(decode(encode_png(settings, {9, 8, 7, 9, 8, 6}))) == Bytes{255, 255, 255, 9, 8, 6});
  settings.type = PNG_COLOR_TYPE_GRAY;
  settings.depth = 16;
  CHECK(wide(decode(encode_png(settings, {0, 5, 0, 6}))) == Words{65535, 65535, 65535, 6, 6, 6});
}

TEST_CASE("PNG: a gamma chunk changes no sample, and the name decides nothing", "[photo]") {
  const ScratchFolder folder;
  const Bytes rows = some_bytes(7 * 3 * 5);
  Bytes png = encode_png({}, rows);
  Bytes gamma = {0, 0, 0, 4, 'g', 'A', 'M', 'A', 0, 1, 0x86, 0xA0, 0, 0, 0, 0};
  png.insert(png.begin() + 33, gamma.begin(), gamma.end());
  repair_checksums(png);
  store(folder / "photo.jpg", png);
  CHECK(narrow(read_photo(folder / "photo.jpg")) == rows);
}

TEST_CASE("PNG: sizes that cannot be are refused before they get memory", "[photo]") {
  const auto resized = [](std::uint32_t width, std::uint32_t height) {
    Bytes png = encode_png({}, some_bytes(7 * 3 * 5));
    for (std::size_t i = 0; i < 4; ++i) {
      png[16 + i] = std::uint8_t(width >> (24 - 8 * i));
      png[20 + i] = std::uint8_t(height >> (24 - 8 * i));
    }
    repair_checksums(png);
    return refusal(png);
  };
  CHECK(resized(16385, 16384) == "is 16385 x 16384 pixels; at most 268435456 pixels are read");
  CHECK(resized(0x7FFFFFFF, 0x7FFFFFFF) ==
        "is 2147483647 x 2147483647 pixels; at most 268435456 pixels are read");
  CHECK_THAT(resized(16384, 16384), ContainsSubstring("16384 x 16384 pixels do not fit into "));
  CHECK_THAT(resized(1, 1u << 28), ContainsSubstring("pixels do not fit into "));
  CHECK_THAT(resized(0, 5), ContainsSubstring("is a damaged PNG (libpng: "));
  CHECK_THAT(resized(7, 6), ContainsSubstring("is a damaged PNG (libpng: "));
}

TEST_CASE("PNG: a wrong checksum anywhere is an error", "[photo]") {
  const PngSettings settings{4, 1, 8, PNG_COLOR_TYPE_PALETTE, false, std::vector<png_color>(3), {1, 2, 3}};
  const Bytes png = encode_png(settings, {0, 1, 2, 0});
  int chunks = 0;
  for (std::size_t at = 8; at < png.size(); at += big_endian_number(png, at) + 12, ++chunks) {
    Bytes damaged = png;
    damaged[at + 8 + big_endian_number(png, at)] ^= 1;
    CHECK_THAT(refusal(damaged), ContainsSubstring("is a damaged PNG (libpng: "));
  }
  CHECK(chunks == 5);
}

TEST_CASE("PNG: chunks that reach past the end are refused before memory is taken for them", "[photo]") {
  // 8 bytes of signature, the header, and the first 9 of a chunk.
  Bytes png = encode_png({}, some_bytes(7 * 3 * 5));
  png.resize(33);
  for (const char* const type : {"tEXt", "iCCP", "eXIf", "PLTE", "IDAT", "abCd"}) {
    for (const std::uint32_t length : {5u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
      Bytes lying = png;
      append_number(lying, length, 4, true);
      lying.insert(lying.end(), type, type + 4);
      lying.resize(46, 'x');
      CHECK(refusal(lying) == "is a damaged PNG (a chunk of " + std::to_string(length) +
                                  " bytes at byte 33 does not fit into 46 bytes)");
    }
  }
}

#ifdef __linux__
TEST_CASE("PNG: texts and profiles are not unfolded", "[photo]") {
  // 200 texts of 7 MB each, in chunks of 7 kB.
  const Bytes text(7'000'000, 'a');
  Bytes packed(compressBound(uLong(text.size())));
  uLongf size = uLongf(packed.size());
  REQUIRE(compress2(packed.data(), &size, text.data(), uLong(text.size()), 1) == Z_OK);
  packed.resize(size);
  Bytes data = {'k', 0, 0};
  data.insert(data.end(), packed.begin(), packed.end());
  const Bytes chunk = png_chunk("zTXt", data);
  Bytes png = encode_png({}, some_bytes(7 * 3 * 5));
  const Bytes image(png.begin() + 33, png.end());
  png.resize(33);
  for (int i = 0; i < 200; ++i) png.insert(png.end(), chunk.begin(), chunk.end());
  png.insert(png.end(), image.begin(), image.end());
  const auto most_kilobytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto before = most_kilobytes();
  CHECK(narrow(decode(png)) == some_bytes(7 * 3 * 5));
  CHECK(most_kilobytes() - before < 100'000);  // the file has 6 MB, its texts 1.4 GB
}
#endif

TEST_CASE("PNG: every EXIF orientation comes out upright, with 8 and 16 bits, masks and label maps",
          "[photo]") {
  const int orientation = GENERATE(range(1, 9));
  const bool big_endian = GENERATE(false, true), is_wide = GENERATE(false, true),
             is_last = GENERATE(false, true);
  // What a viewer must show has 7 x 5 pixels; each orientation stores them turned.
  PngSettings settings;
  if (orientation >= 5) std::swap(settings.width, settings.height);
  settings.depth = is_wide ? 16 : 8;
  settings.type = PNG_COLOR_TYPE_RGB_ALPHA;
  Bytes shown, stored, labels;
  for (int y = 0; y < 5; ++y) {
    for (int x = 0; x < 7; ++x) {
      const auto at = std::uint8_t(y * 7 + x);
      shown.insert(shown.end(),
                   {at, std::uint8_t(200 - at), std::uint8_t(7 * at), std::uint8_t(at != 8 ? 255 : 0)});
    }
  }
  for (int r = 0; r < settings.height; ++r) {
    for (int c = 0; c < settings.width; ++c) {
      const auto [y, x] = shown_place(orientation, r, c, 5, 7);
      labels.push_back(std::uint8_t(y * 7 + x));
      for (int i = 0; i < 4; ++i)
        stored.insert(stored.end(), is_wide ? 2 : 1, shown[std::size_t((y * 7 + x) * 4 + i)]);
    }
  }
  const Bytes segment = exif(std::uint32_t(orientation), big_endian);
  const Bytes chunk = png_chunk("eXIf", Bytes(segment.begin() + 6, segment.end()));
  const auto with_exif = [&](Bytes png) {
    png.insert(is_last ? png.end() - 12 : png.begin() + 33, chunk.begin(), chunk.end());
    return png;
  };
  const Photo photo = decode(with_exif(encode_png(settings, stored)));
  CHECK((photo.height == 5 && photo.width == 7));
  CHECK(photo.notes.size() == (orientation == 1 ? 1u : 2u));
  const dht::Picture picture = photo.picture();
  REQUIRE(photo.rgba.size() == 4 * 35);
  const dht::Picture with_alpha = photo.picture_with_alpha();
  for (std::size_t i = 0; i < 35; ++i) {
    CHECK(with_alpha.alpha[i] == shown[4 * i + 3]);
    for (std::size_t c = 0; c < 3; ++c) CHECK(with_alpha.rgb[3 * i + c] == shown[4 * i + c]);
    for (std::size_t c = 0; c < 3; ++c) CHECK(picture.rgb[3 * i + c] == (i != 8 ? shown[4 * i + c] : 255));
  }

  settings.depth = 8, settings.type = PNG_COLOR_TYPE_GRAY;
  const ScratchFolder folder;
  store(folder / "labels.png", with_exif(encode_png(settings, labels)));
  const auto map = dht::examples::read_label_map(folder / "labels.png");
  CHECK((map.height == 5 && map.width == 7));
  for (std::size_t i = 0; i < 35; ++i) CHECK(map.values[i] == i);
}

TEST_CASE("PNG: EXIF that makes no sense is passed over", "[photo]") {
  const Bytes valid = exif(6, false);
  std::vector<Bytes> data = {Bytes(), exif(0, true), exif(9, false), exif(6, true, 4), exif(6, true, 3, 2)};
  for (std::size_t length = 1; length < 32; ++length)
    data.emplace_back(valid.begin() + 6, valid.begin() + 6 + int(length));
  for (const Bytes& bytes : data) {
    Bytes png = encode_png({}, some_bytes(7 * 3 * 5));
    const Bytes chunk = png_chunk("eXIf", bytes);
    png.insert(png.begin() + 33, chunk.begin(), chunk.end());
    const Photo photo = decode(png);
    CHECK(photo.width == 7);
    CHECK(photo.notes.empty());
  }
  // As some programs write it, with the signature that only JPEG needs.
  Bytes png = encode_png({}, some_bytes(7 * 3 * 5));
  const Bytes chunk = png_chunk("eXIf", valid);
  png.insert(png.begin() + 33, chunk.begin(), chunk.end());
  CHECK(decode(png).width == 5);
}

// ----------------------------------------------------------------------------------------------------- JPEG

TEST_CASE("JPEG: grey, YCbCr and RGB, baseline, progressive and arithmetic", "[photo]") {
  JpegSettings settings;
  settings.progressive = GENERATE(false, true);
  settings.arithmetic = GENERATE(false, true);
  const auto [channels, from, stored] = GENERATE(table<int, J_COLOR_SPACE, J_COLOR_SPACE>(
      {{1, JCS_GRAYSCALE, JCS_GRAYSCALE}, {3, JCS_RGB, JCS_YCbCr}, {3, JCS_RGB, JCS_RGB}}));
  settings.channels = channels, settings.from = from, settings.stored = stored;
  const Bytes values = blocks(24, 16, channels);
  Bytes expected;
  for (const std::uint8_t value : values) expected.insert(expected.end(), channels == 1 ? 3 : 1, value);
  const Photo photo = decode(encode_jpeg(settings, values));
  CHECK(photo.height == 16);
  CHECK(photo.width == 24);
  CHECK(photo.notes.empty());
  CHECK(distance(narrow(photo), expected) <= jpeg_rounding);
}

TEST_CASE("JPEG: CMYK and YCCK hold the light that inks leave, with Adobe's marker or without", "[photo]") {
  JpegSettings settings;
  settings.channels = 4, settings.from = JCS_CMYK;
  settings.stored = GENERATE(JCS_CMYK, JCS_YCCK);
  settings.adobe_marker = settings.stored == JCS_YCCK || GENERATE(false, true);
  const Bytes values = blocks(24, 16, 4);
  Bytes expected;
  for (std::size_t i = 0; i < values.size(); i += 4) {
    for (std::size_t c = 0; c < 3; ++c) {
      const int light = values[i + c] * values[i + 3];
      expected.push_back(std::uint8_t((light + 127) / 255));
    }
  }
  const Photo photo = decode(encode_jpeg(settings, values));
  CHECK(distance(narrow(photo), expected) <= 2 * jpeg_rounding);
  CHECK(photo.notes ==
        std::vector<std::string>{"Its CMYK inks were turned into RGB without a colour profile."});
}

TEST_CASE("JPEG: every EXIF orientation comes out upright, in both byte orders", "[photo]") {
  // What a viewer must show: 3 x 2 blocks. Each orientation stores them turned.
  const int wide_side = 24, short_side = 16;
  const Bytes upright = blocks(wide_side, short_side, 3);
  const auto shown = [&](int y, int x) { return upright.data() + (y * wide_side + x) * 3; };
  const int orientation = GENERATE(range(1, 9));
  const bool big_endian = GENERATE(false, true);
  JpegSettings settings;
  settings.exif = exif(std::uint32_t(orientation), big_endian);
  if (orientation >= 5) std::swap(settings.width, settings.height);

  Bytes stored;
  for (int r = 0; r < settings.height; ++r) {
    for (int c = 0; c < settings.width; ++c) {
      const auto [y, x] = shown_place(orientation, r, c, short_side, wide_side);
      stored.insert(stored.end(), shown(y, x), shown(y, x) + 3);
    }
  }
  const Photo photo = decode(encode_jpeg(settings, stored));
  CHECK(photo.height == short_side);
  CHECK(photo.width == wide_side);
  CHECK(distance(narrow(photo), upright) <= jpeg_rounding);
  CHECK(photo.notes.size() == (orientation == 1 ? 0u : 1u));
}

TEST_CASE("JPEG: EXIF that makes no sense is passed over", "[photo]") {
  const Bytes values = blocks(24, 16, 3);
  std::vector<Bytes> segments = {exif(0, true), exif(9, false), exif(6, true, 4), exif(6, true, 3, 2)};
  const Bytes valid = exif(6, false);
  for (const auto& [at, value] :
       {std::pair{0, 'X'}, {6, 'J'}, {7, 'M'}, {8, '\x2b'}, {10, '\x30'}, {13, '\xFF'}}) {
    segments.push_back(valid);
    segments.back()[std::size_t(at)] = std::uint8_t(value);
  }
  segments.push_back(valid);
  std::fill(segments.back().begin() + 10, segments.back().begin() + 14, std::uint8_t{0xFF});
  // Cut off everywhere before the orientation's value ends: 6 + 8 + 2 + 12 + 10 bytes.
  for (std::size_t length = 1; length < 38; ++length)
    segments.emplace_back(valid.begin(), valid.begin() + int(length));
  for (const Bytes& segment : segments) {
    JpegSettings settings;
    settings.exif = segment;
    const Photo photo = decode(encode_jpeg(settings, values));
    CHECK(photo.width == 24);
    CHECK(photo.notes.empty());
  }
}

TEST_CASE("JPEG: what libjpeg only warns of is an error, stray bytes a note", "[photo]") {
  const Bytes jpeg = encode_jpeg({}, blocks(24, 16, 3));
  Bytes cut(jpeg.begin(), jpeg.end() - 2);  // only the end marker is missing
  CHECK(refusal(cut) == "is a damaged or unsupported JPEG (libjpeg: Premature end of JPEG file)");
  Bytes stray = jpeg;
  // Behind the start marker and JFIF's segment.
  stray.insert(stray.begin() + 20, 5, std::uint8_t{0x11});
  const Photo photo = decode(stray);
  CHECK(photo.notes ==
        std::vector<std::string>{"It has stray bytes between its segments, which were skipped."});
  CHECK(narrow(photo) == narrow(decode(jpeg)));
}

TEST_CASE("JPEG: kinds and sizes that are not read are named", "[photo]") {
  const Bytes jpeg = encode_jpeg({}, blocks(24, 16, 3));
  const std::array<std::uint8_t, 2> frame_marker = {0xFF, 0xC0};
  const auto frame =
      std::search(jpeg.begin(), jpeg.end(), frame_marker.begin(), frame_marker.end()) - jpeg.begin();
  const auto changed = [&](std::ptrdiff_t offset, std::initializer_list<std::uint8_t> values) {
    Bytes copy = jpeg;
    std::copy(values.begin(), values.end(), copy.begin() + frame + offset);
    return refusal(copy);
  };
  CHECK_THAT(changed(4, {12}), ContainsSubstring("12"));
  CHECK_THAT(changed(1, {0xC3}), ContainsSubstring("JPEG"));  // lossless
  CHECK_THAT(changed(1, {0xC5}), ContainsSubstring("is a damaged or unsupported JPEG (libjpeg: "));
  CHECK(changed(5, {0xFF, 0, 0xFF, 0}) == "is 65280 x 65280 pixels; at most 268435456 pixels are read");
  CHECK_THAT(changed(5, {0, 0}), ContainsSubstring("is a damaged or unsupported JPEG (libjpeg: "));
  CHECK(changed(5, {0x3F, 0xFF, 0x3F, 0xFF}) ==
        "is a damaged JPEG (16383 x 16383 pixels do not fit into " + std::to_string(jpeg.size()) + " bytes)");
  CHECK_THAT(changed(5, {0, 48, 0, 48}), ContainsSubstring("remature end"));
}

TEST_CASE("JPEG: numbers of a scan that only progressive files need may be anything in others", "[photo]") {
  JpegSettings settings;
  settings.separate_scans = GENERATE(false, true);
  settings.arithmetic = GENERATE(false, true);
  const Bytes jpeg = encode_jpeg(settings, blocks(24, 16, 3));
  Bytes changed = jpeg;
  for (std::size_t i = 0; i + 1 < jpeg.size(); ++i) {
    if (jpeg[i] != 0xFF || jpeg[i + 1] != 0xDA) continue;
    const std::size_t end = i + 2 + jpeg[i + 3];  // the segment's last three bytes: 0, 63, 0
    REQUIRE(changed[end - 2] == 63);
    changed[end - 2] = 0;
  }
  REQUIRE(changed != jpeg);
  CHECK(narrow(decode(changed)) == narrow(decode(jpeg)));
}

TEST_CASE("JPEG: more scans than any encoder writes are refused", "[photo]") {
  JpegSettings settings;
  settings.separate_scans = true;
  const Bytes jpeg = encode_jpeg(settings, blocks(24, 16, 3));
  CHECK(refusal(jpeg) == "(no error)");
  // The last scan again and again.
  const std::array<std::uint8_t, 2> scan_marker = {0xFF, 0xDA};
  const auto last = std::find_end(jpeg.begin(), jpeg.end(), scan_marker.begin(), scan_marker.end());
  Bytes bomb(jpeg.begin(), jpeg.end() - 2);
  for (int i = 0; i < 600; ++i) bomb.insert(bomb.end(), last, jpeg.end() - 2);
  bomb.insert(bomb.end(), {0xFF, 0xD9});
  CHECK(refusal(bomb) == "is a damaged or unsupported JPEG (libjpeg: more than 500 scans)");
}

// -------------------------------------------------------------------------------------------------- damage

TEST_CASE("photos cut off anywhere are errors", "[photo]") {
  const ScratchFolder folder;
  const auto path = folder / "photo";
  for (const Bytes& file : all_kinds()) {
    CHECK(refusal(file, path) == "(no error)");
    for (std::size_t part = 0; part < 16; ++part) {
      const auto end = file.begin() + std::ptrdiff_t(file.size() * part / 16);
      CHECK(refusal(Bytes(file.begin(), end), path) != "(no error)");
    }
    CHECK(refusal(Bytes(file.begin(), file.end() - 1), path) != "(no error)");
  }
}

TEST_CASE("photos with flipped bits decode or are errors", "[photo]") {
  const ScratchFolder folder;
  const std::vector<Bytes> files = all_kinds();
  std::mt19937 random(20240517);
  int decoded = 0, refused = 0;
  for (int i = 0; i < 2000; ++i) {
    Bytes file = files[random() % files.size()];
    const std::size_t flips = 1 + random() % 4;
    // Half of the damage goes to the headers, where most of the decisions are.
    const std::size_t end = random() % 2 ? file.size() : std::min<std::size_t>(file.size(), 200);
    for (std::size_t flip = 0; flip < flips; ++flip) file[random() % end] ^= std::uint8_t(1u << random() % 8);
    if (file[0] == 0x89 && random() % 4 != 0) repair_checksums(file);
    (refusal(file, folder / "photo") == "(no error)" ? decoded : refused) += 1;
  }
  CHECK(decoded > 100);
  CHECK(refused > 500);
}

TEST_CASE("what is no photo is named", "[photo]") {
  const ScratchFolder folder;
  const auto error = [](const std::filesystem::path& path) { return error_of([&] { read_photo(path); }); };
  CHECK(error(folder / "missing.png") == (folder / "missing.png").string() + ": does not exist");
  CHECK(error(folder.path()) == folder.path().string() + ": is a directory; must be a file");
  store(folder / "empty.png", {});
  CHECK(error(folder / "empty.png") ==
        (folder / "empty.png").string() + ": is empty; must be a PNG or JPEG file");
  store(folder / "two\nlines.jpg", {'G', 'I', 'F', '8', '9', 'a'});
  CHECK(error(folder / "two\nlines.jpg") ==
        (folder / "two?lines.jpg").string() + ": is neither a PNG nor a JPEG file; only these two are read");
  store(folder / "short.png", {0x89, 'P', 'N'});
  CHECK_THAT(error(folder / "short.png"), ContainsSubstring("is neither a PNG nor a JPEG file"));
}

// ------------------------------------------------------------------------------------------------- writing

TEST_CASE("a written picture reads back, and replaces the file before", "[photo]") {
  const ScratchFolder folder;
  for (const auto& [height, width] : {std::pair{5, 7}, {1, 1}, {1, 300}, {300, 1}}) {
    dht::Picture picture(height, width);
    picture.rgb = some_bytes(picture.rgb.size());
    write_png(folder / "a.png", picture);
    const Photo photo = read_photo(folder / "a.png");
    CHECK(photo.height == height);
    CHECK(photo.width == width);
    CHECK(narrow(photo) == picture.rgb);
  }
  CHECK(folder.files() == 1);
}

TEST_CASE("pictures that cannot be written are errors and leave nothing behind", "[photo]") {
  const ScratchFolder folder;
  dht::Picture picture(2, 3);
  store(folder / "file", {});
  const auto inside = folder / "file/a.png";
  CHECK_THAT(error_of([&] { write_png(inside, picture); }),
             ContainsSubstring(inside.string() + ": cannot be"));
  CHECK(error_of([&] { write_png(folder.path(), picture); }) ==
        folder.path().string() + ": is a directory; must be a file");
  picture.rgb.pop_back();
  CHECK(error_of([&] { write_png(folder / "a.png", picture); }) ==
        "picture: has 17 numbers; must have 18, three a pixel of 2 x 3");
  CHECK(error_of([&] { write_png(folder / "a.png", dht::Picture()); }) ==
        "picture: is 0 x 0 pixels; must have at least one");
  CHECK(folder.files() == 1);
}

TEST_CASE("a photo's view shows its samples", "[photo]") {
  const Photo photo = decode(encode_png({}, some_bytes(7 * 3 * 5)));
  const int green = photo.visit([](const auto& view) {
    dht::check(view, "view");
    CHECK(view.height == 5);
    CHECK(view.width == 7);
    CHECK(view.channels == 3);
    return int(view(0, 1, 3, 2));
  });
  CHECK(green == narrow(photo)[(3 * 7 + 2) * 3 + 1]);
}

// --------------------------------------------------------------------------------------- the sample picture

TEST_CASE("the sample picture is the same everywhere", "[photo]") {
  const dht::Picture picture = dht::examples::sample_picture(128);
  CHECK(picture.height == 128);
  CHECK(picture.width == 128);
  CHECK(checksum(picture.rgb.data(), picture.rgb.size()) == 0xc57ef5bau);
  CHECK(dht::examples::sample_picture(1).rgb.size() == 3);
}

TEST_CASE("the sample picture refuses sizes that it cannot draw", "[photo]") {
  CHECK(error_of([] { dht::examples::sample_picture(0); }) == "size: is 0; must be from 1 to 8192");
  CHECK(error_of([] { dht::examples::sample_picture(8193); }) == "size: is 8193; must be from 1 to 8192");
}

#endif  // DHT_TEST_HAS_EXAMPLES
