// SPDX-License-Identifier: MIT
// A view for reading does not become one for writing.
// expects: ImageView<const float>
#include <dht/core/view.hpp>

int main() {
  const float value = 0;
  dht::ImageView<float> view = dht::planar_view(&value, 1, 1, 1, 1);
  view(0, 0, 0, 0) = 1;
}
