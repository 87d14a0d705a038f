// SPDX-License-Identifier: MIT
// The command lines of `tokenize`, `vectorize` and `tokenize_folder`, and the one way in which the programs fail.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dht::examples {

/// What a user asked for. What is absent was not given: the checkpoint, or the library, has a default.
struct Options {
  std::filesystem::path photo;
  std::filesystem::path output;     ///< default: a folder in the working directory, named after the photo
  std::string encoder = "learned";  ///< learned or colour
  std::optional<std::filesystem::path> weights;
  std::optional<std::int64_t> tokens;
  std::optional<std::string> selection;  ///< best-ancestor, merging or optimal-cut
  std::optional<std::string> criterion;  ///< aic, aicc, bic, cic
  std::optional<double> iota;
  std::optional<double> compactness;
  std::optional<double> penalty;
  std::optional<std::int64_t> smallest;       ///< for merging
  int refine = 0;                             ///< how often borders are moved pixel by pixel
  std::optional<std::filesystem::path> mask;  ///< for merging
  std::string similarity = "gaussian";        ///< gaussian, laplacian, cauchy, cosine
  double bandwidth = 1;
  std::string backend = "cpu";  ///< cpu; thrust or cuda where the program was built with it
  int threads = 0;              ///< 0: one per core
  bool quiet = false;

  /// Whether neighbours merge one pair at a time: asked for, or the default where a number of tokens is asked for.
  bool merges() const { return selection ? *selection == "merging" : tokens.has_value(); }
};

/// What a user asked of a drawing.
struct VectorizeOptions {
  Options tokens;
  std::optional<double> tolerance;  ///< pixels; 0: lossless outlines
  double detail = 1;                ///< 2: twice as many bytes are worth the same error
  bool curves = false;
  bool gradients = false;
  bool flat = false;
  bool fluid = false;  ///< no width and height
  std::string seams;   ///< none, copy, strokes or crisp
  int layers = 1;
  bool linear_light = false;
  bool html = false;
  std::optional<double> price;        ///< squared error that a byte must save: regions made for drawing
  std::optional<std::int64_t> bytes;  ///< likewise, the best drawing of so many bytes under gzip
  std::int32_t colors = 0;            ///< at most so many; 0: any

  bool of_tokens = false;  ///< of the paper's tokens, and not of regions made for drawing
};

/// What a user asked of a whole folder: one or more numbers of tokens, or a mean.
struct FolderOptions {
  std::filesystem::path folder;
  std::vector<std::int64_t> tokens;
  std::optional<double> mean_tokens;
  /// Settings of every photo, and the output (default: named after the folder), the threads and whether to be quiet.
  Options each;
  /// For a mean: so many bytes of merge trees are kept, all photos together; photos beyond are tokenised twice.
  std::int64_t kept_bytes = std::int64_t{1} << 30;
};

/// Whether a program can do with pixels that belong to no token.
enum class Masks { taken, refused };

/// "dht 0.2.0".
std::string version();

/// Reads and checks the command line of the program `name`. Nothing is returned where `--help` or `--version` was
/// answered. Throws dht::Error, naming the option, for everything that cannot be done.
std::optional<Options> parse_options(int argc, char** argv, const std::string& name,
                                     const std::string& description, Masks masks);

/// The same for `vectorize`.
std::optional<VectorizeOptions> parse_vectorize_options(int argc, char** argv, const std::string& name,
                                                        const std::string& description);

/// The same for `tokenize_folder`.
std::optional<FolderOptions> parse_folder_options(int argc, char** argv, const std::string& name,
                                                  const std::string& description);

/// One line on stderr, "name: what".
void complain(const std::string& name, std::string_view what);

/// Runs a program. Whatever it throws becomes one line on stderr and exit code 2, and so does output that could not be written;
/// after Interrupted the code is 128 and the signal.
int run_program(const std::string& name, const std::function<void()>& body);

}  // namespace dht::examples
