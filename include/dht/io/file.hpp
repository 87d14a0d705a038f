// SPDX-License-Identifier: MIT
// Whole files in and out of memory: every failure one sentence that names the file, no half-written file left behind.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#if defined(_WIN32)
#include <io.h>
#define DHT_HAS_FSYNC 0
#elif __has_include(<unistd.h>) && __has_include(<fcntl.h>)
#include <fcntl.h>
#include <unistd.h>
#define DHT_HAS_FSYNC 1
#else
#define DHT_HAS_FSYNC 0
#endif

#include <dht/core/config.hpp>
#include <dht/core/error.hpp>

namespace dht {

/// When a new file takes its name: as soon as the system has its bytes, or when the disk has them, so that not even a loss of
/// power leaves neither the old file nor the new one (on POSIX systems; on Windows the disk has the bytes, but not
/// necessarily the name).
enum class WhenWritten { by_system, by_disk };

namespace detail {

/// `text` as it may stand in an error: control characters become '?', what is over `longest` bytes becomes "...".
inline std::string one_line(std::string_view text, std::size_t longest = 100) {
  std::size_t length = std::min(text.size(), longest);
  // A cut through a UTF-8 character would leave an invalid sequence.
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;
  std::string line(text.substr(0, length));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return length < text.size() ? line + "..." : line;
}

/// The name by which errors call a file.
inline std::string file_name(const std::filesystem::path& path) {
  return path.empty() ? "(empty path)" : one_line(path.string(), 4096);
}

inline std::string system_message(int error) { return std::generic_category().message(error); }

/// A value stored in little-endian order at `from`, which need not be aligned.
template <class T>
T load_little(const std::byte* from) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), from, sizeof(T));
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  return detail::bit_cast<T>(bytes);
}

/// Appends `values` in little-endian order.
template <class T>
void append_little(std::vector<std::byte>& to, std::span<const T> values) {
  const std::size_t before = to.size();
  const auto bytes = std::as_bytes(values);
  to.resize(before + bytes.size());
  std::copy(bytes.begin(), bytes.end(), to.begin() + std::ptrdiff_t(before));
  if constexpr (std::endian::native == std::endian::big)
    for (std::size_t at = before; at < to.size(); at += sizeof(T))
      std::reverse(to.begin() + std::ptrdiff_t(at), to.begin() + std::ptrdiff_t(at + sizeof(T)));
}

inline void append_text(std::vector<std::byte>& to, std::string_view text) {
  append_little(to, std::span<const char>(text.data(), text.size()));
}

/// "3, 4" with the separator ", ".
inline std::string joined(std::span<const std::int64_t> numbers, std::string_view separator) {
  std::string text;
  for (const std::int64_t number : numbers) {
    if (!text.empty()) text += separator;
    text += std::to_string(number);
  }
  return text;
}

/// "[3, 4]"; of long shapes the first eight numbers.
inline std::string shape_text(std::span<const std::int64_t> shape) {
  const std::string text = '[' + joined(shape.first(std::min<std::size_t>(shape.size(), 8)), ", ");
  return text + (shape.size() > 8 ? ", ...]" : "]");
}

/// Bytes (or bits) of an array of `shape` with `element` of them a value; nothing when a length is negative or it overflows 63
/// bits.
inline std::optional<std::uint64_t> byte_count(std::span<const std::int64_t> shape, std::size_t element) {
  constexpr std::uint64_t most = std::uint64_t(INT64_MAX);
  std::uint64_t count = element;
  for (const std::int64_t length : shape) {
    if (length < 0 || (length > 0 && count > most / std::uint64_t(length))) return std::nullopt;
    count *= std::uint64_t(length);
  }
  return count;
}

/// Checks that `values` values fill an array of `shape`; `name` is the argument or file of the error.
inline void check_shape(const std::string& name, std::span<const std::int64_t> shape, std::size_t values) {
  const std::optional<std::uint64_t> count = byte_count(shape, 1);
  DHT_EXPECTS(count.has_value(), name, ": has shape ", shape_text(shape),
              "; its lengths must be 0 or more and their product below 2^63");
  DHT_EXPECTS(*count == values, name, ": has ", values, " values; must be ", *count, " for shape ",
              shape_text(shape));
}

/// A new file in the folder of `target` that takes its name when all is written, and goes away when it is not.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path target) : target_(std::move(target)) {
    static std::atomic<unsigned> number = 0;
    std::random_device random;
    for (int attempt = 0; file_ == nullptr && attempt < 16; ++attempt) {
      path_ = target_.parent_path() /
              (".dht-" + std::to_string(random()) + "-" + std::to_string(number++) + ".tmp");
      file_ = std::fopen(path_.string().c_str(), "wbx");
      if (file_ == nullptr && errno != EEXIST) break;
    }
    if (file_ == nullptr) refuse(errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_ != nullptr) std::fclose(file_);
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }

  void write(std::span<const std::byte> bytes) {
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) refuse(errno);
  }

  void publish(WhenWritten when = WhenWritten::by_system) {
    std::FILE* const file = std::exchange(file_, nullptr);
    int flushed = std::fflush(file) == 0 ? 0 : errno;
#if DHT_HAS_FSYNC
    if (flushed == 0 && when == WhenWritten::by_disk && ::fsync(fileno(file)) != 0) flushed = errno;
#elif defined(_WIN32)
    if (flushed == 0 && when == WhenWritten::by_disk && ::_commit(::_fileno(file)) != 0) flushed = errno;
#endif
    const int closed = std::fclose(file) == 0 ? 0 : errno;
    if (flushed != 0 || closed != 0) refuse(flushed != 0 ? flushed : closed);
    keep_permissions();
    std::error_code error;
    std::filesystem::rename(path_, target_, error);
    if (error) refuse(error.value());
    path_.clear();
    if (when == WhenWritten::by_disk) write_folder_to_disk();
  }

 private:
  [[noreturn]] void refuse(int error) const {
    fail({file_name(target_), ": cannot be written (", system_message(error), ")"});
  }

  // The new name, too. A folder that cannot be opened for it, as on some network drives, is no reason to fail: the file is
  // there.
  void write_folder_to_disk() const {
#if DHT_HAS_FSYNC
    const std::filesystem::path folder = target_.parent_path();
    const int descriptor = ::open(folder.empty() ? "." : folder.string().c_str(), O_RDONLY);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
#endif
  }

  // A file that was private stays private when it is replaced.
  void keep_permissions() const {
    std::error_code error;
    const std::filesystem::file_status old = std::filesystem::status(target_, error);
    if (std::filesystem::is_regular_file(old)) std::filesystem::permissions(path_, old.permissions(), error);
  }

  std::filesystem::path target_, path_;
  std::FILE* file_ = nullptr;
};

/// Throws unless `path` is a regular file, or nothing yet where `may_be_new`.
inline void check_regular(const std::filesystem::path& path, bool may_be_new) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  const bool missing = status.type() == std::filesystem::file_type::not_found;
  DHT_EXPECTS(!missing || may_be_new, file_name(path), ": does not exist");
  DHT_EXPECTS(missing || !error, file_name(path), ": cannot be opened (", error.message(), ")");
  DHT_EXPECTS(!std::filesystem::is_directory(status), file_name(path), ": is a directory; must be a file");
  DHT_EXPECTS(missing || std::filesystem::is_regular_file(status), file_name(path),
              ": is a device or pipe; must be a regular file");
}

}  // namespace detail

/// The bytes of a file. Throws dht::Error when it is missing, a directory, a device, not readable, or too large for
/// the memory there is.
inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
  detail::check_regular(path, false);
  std::ifstream file(path, std::ios::binary);
  const int reason = errno;
  DHT_EXPECTS(file.is_open(), detail::file_name(path), ": cannot be opened (", detail::system_message(reason),
              ")");
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  DHT_EXPECTS(!error, detail::file_name(path), ": cannot be read (", error.message(), ")");
  std::vector<std::byte> bytes;
  try {
    bytes.resize(size);
  } catch (const std::exception&) {  // bad_alloc or length_error
    detail::fail({detail::file_name(path), ": has ", size, " bytes; must fit in memory"});
  }
  file.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(size));
  DHT_EXPECTS(std::uintmax_t(file.gcount()) == size, detail::file_name(path), ": could be read up to byte ",
              file.gcount(), " only; must have ", size);
  return bytes;
}

/// Writes a whole file or nothing: the bytes go to a temporary in the same folder, which takes the name `path` after
/// the last of them was accepted. A file of that name is replaced and keeps its permissions; a link is followed.
/// Throws dht::Error when the folder is missing or not writable, `path` is a directory or a device, or the disk is full.
inline void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes,
                       WhenWritten when = WhenWritten::by_system) {
  DHT_EXPECTS(!path.empty(), detail::file_name(path), ": cannot be written (it has no name)");
  detail::check_regular(path, true);
  std::error_code error;
  const std::filesystem::path folder = path.parent_path();
  DHT_EXPECTS(folder.empty() || std::filesystem::is_directory(folder, error), detail::file_name(path),
              ": cannot be written; its folder ", detail::file_name(folder), " must exist");
  const std::filesystem::path linked = std::filesystem::canonical(path, error);
  detail::TemporaryFile file(error ? path : linked);
  file.write(bytes);
  file.publish(when);
}

/// The same for text.
inline void write_file(const std::filesystem::path& path, std::string_view text,
                       WhenWritten when = WhenWritten::by_system) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())), when);
}

}  // namespace dht
