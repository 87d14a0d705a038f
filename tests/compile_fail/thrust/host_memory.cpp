// SPDX-License-Identifier: MIT
// Nor does a host's view become one of the device by itself, in any function that works there.
// expects: OnDevice<dht::ImageView<const float> >
#define THRUST_DEVICE_SYSTEM THRUST_DEVICE_SYSTEM_CPP
#include <dht/thrust.hpp>

int main() {
  const float pixels[3] = {};
  const dht::OnDevice<dht::ImageView<const float>> image = dht::planar_view(pixels, 1, 3, 1, 1);
  return image.view().batch;
}
