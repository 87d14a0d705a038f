// SPDX-License-Identifier: MIT
// The command line of `tokenize` and `vectorize`: CLI11 reads it, this file says what may be asked.
#include "options.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <new>
#include <string_view>

#include <CLI/CLI.hpp>

#include <dht/core/error.hpp>
#include <dht/io/file.hpp>
#include <dht/version.hpp>

namespace dht::examples {
namespace {

void check_choice(const char* option, const std::string& value,
                  std::initializer_list<std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  std::string list;
  for (const std::string_view choice : choices) {
    if (!list.empty()) list += choice == *(choices.end() - 1) ? " or " : ", ";
    list += choice;
  }
  dht::detail::fail(option, ": is ", dht::detail::one_line(value), "; must be ", list);
}

void check_range(const char* option, double value, double lowest, double highest) {
  DHT_EXPECTS(value >= lowest && value <= highest, option, ": is ", value, "; must be ", lowest, " to ",
              highest);
}

/// What is wrong by itself, before any file is opened.
void check(const Options& options) {
  DHT_EXPECTS(!options.photo.empty(), "PHOTO: is empty; must be the name of a PNG or JPEG file");
  DHT_EXPECTS(!options.weights || !options.weights->empty(),
              "--weights: is empty; must be the name of a file");
  if (options.tokens) {
    DHT_EXPECTS(*options.tokens >= 1, "--tokens: is ", *options.tokens, "; must be at least 1");
  }
  if (options.selection) check_choice("--selection", *options.selection, {"best-ancestor", "optimal-cut"});
  if (options.criterion) check_choice("--criterion", *options.criterion, {"aic", "aicc", "bic", "cic"});
  check_choice("--similarity", options.similarity, {"gaussian", "laplacian", "cauchy", "cosine"});
  // Beyond these, a float cannot hold what is computed from them.
  check_range("--bandwidth", options.bandwidth, 1e-6, 1e6);
  if (options.iota) check_range("--iota", *options.iota, 1e-30, 1e30);
  if (options.penalty) check_range("--penalty", *options.penalty, 0, 1e30);
  if (options.compactness) {
    DHT_EXPECTS(*options.compactness >= 0 && *options.compactness < 1, "--compactness: is ",
                *options.compactness, "; must be at least 0 and below 1");
  }
  DHT_EXPECTS(options.threads >= 0 && options.threads <= 1024, "--threads: is ", options.threads,
              "; must be 0 (one per core) to 1024");
  DHT_EXPECTS(
      !options.tokens || options.selection != "best-ancestor",
      "--tokens: cannot be asked of best-ancestor, which finds the number itself; drop one of the two");
  DHT_EXPECTS(!options.penalty || (options.selection == "optimal-cut" && !options.tokens),
              "--penalty: is for --selection optimal-cut without --tokens");
}

}  // namespace

std::string version() {
  return "dht " + std::to_string(DHT_VERSION_MAJOR) + "." + std::to_string(DHT_VERSION_MINOR) + "." +
         std::to_string(DHT_VERSION_PATCH);
}

std::optional<Options> parse_options(int argc, char** argv, const std::string& name,
                                     const std::string& description) {
  Options options;
  CLI::App app(description, name);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  app.set_version_flag("--version", name + " (" + version() + ")");
  app.add_option("PHOTO", options.photo, "PNG or JPEG file")->required();
  app.add_option("--output", options.output,
                 "folder of the results, created when missing (default: one in the working directory, "
                 "named after the photo)")
      ->type_name("DIR");
  app.add_option("--weights", options.weights,
                 "checkpoint of the learned features; without it regions differ by colour alone")
      ->type_name("FILE.safetensors");
  app.add_option("--tokens", options.tokens, "exactly so many tokens, 1 to the number of pixels")
      ->type_name("K");
  app.add_option(
         "--selection", options.selection,
         "best-ancestor (default): the paper's; optimal-cut: least cost over all cuts, the default with "
         "--tokens")
      ->type_name("NAME");
  app.add_option("--penalty", options.penalty, "cost of a token in nats, for --selection optimal-cut")
      ->type_name("NUMBER");
  app.add_option("--criterion", options.criterion,
                 "what a region is worth: aic, aicc, bic or cic (default: the checkpoint's, or aicc)")
      ->type_name("NAME");
  app.add_option("--iota", options.iota,
                 "floor of the criterion; larger: fewer tokens (default: the checkpoint's, or 5)")
      ->type_name("NUMBER");
  app.add_option("--similarity", options.similarity, "gaussian (default), laplacian, cauchy or cosine")
      ->type_name("NAME");
  app.add_option("--bandwidth", options.bandwidth, "distance at which similarity falls off (default 1)")
      ->type_name("NUMBER");
  app.add_option("--compactness", options.compactness,
                 "how much round regions are preferred, 0 to below 1 (default: the checkpoint's, or 0.01)")
      ->type_name("NUMBER");
  app.add_option("--threads", options.threads, "threads to work with, 0: one per core (default)")
      ->type_name("N");
  app.add_flag("--quiet", options.quiet, "print nothing but errors");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0)
      throw Error(dht::detail::one_line(error.what(), 1000) + "; see " + name + " --help");
    app.exit(error);
    return std::nullopt;
  }
  check(options);
  DHT_EXPECTS(app.count("--output") == 0 || !options.output.empty(),
              "--output: is empty; must be the name of a folder");
  if (options.output.empty()) options.output = options.photo.stem();
  return options;
}

int run_program(const std::string& name, const std::function<void()>& body) {
  const auto complain = [&](std::string_view what) {
    std::cerr << name << ": " << dht::detail::one_line(what, 9000) << '\n';
    return 2;
  };
  try {
    body();
    std::cout.flush();
    return 0;
  } catch (const std::bad_alloc&) {
    return complain("there is not enough memory for this photo with these options");
  } catch (const std::exception& error) {
    return complain(error.what());
  }
}

}  // namespace dht::examples
