# SPDX-License-Identifier: MIT
# A list with mistakes, for the tests of cmake/check_rooms.cmake.
set(DHT_ROOMS
  "low:"
  "high: low top"
  "top: low high"
)
