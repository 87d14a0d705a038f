// SPDX-License-Identifier: MIT
// pretrain IMAGE_DIR: the encoder learns, without labels, to tell apart what tokens should keep apart.
#include "common/options.hpp"
#include "common/pretrain_options.hpp"
#include "common/pretrainer.hpp"

int main(int argc, char** argv) {
  const char* const name = "pretrain";
  int code = 0;
  const int failed = dht::examples::run_program(name, [&] {
    const auto options = dht::examples::parse_pretrain_options(
        argc, argv, name,
        "Learns weights from a folder of pictures: the mean colours of few tokens must paint them.");
    if (options) code = dht::examples::pretrain(name, *options);
  });
  return failed != 0 ? failed : code;
}
