# SPDX-License-Identifier: MIT
# Do version.hpp and the first entry of the changelog name the same version?
# cmake -P cmake/check_version.cmake
cmake_minimum_required(VERSION 3.23)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
set(version "")
foreach(part IN ITEMS MAJOR MINOR PATCH)
  file(STRINGS "${root}/include/dht/version.hpp" line REGEX "^#define DHT_VERSION_${part} [0-9]+$")
  if(NOT line MATCHES "^#define DHT_VERSION_${part} ([0-9]+)$")
    message(FATAL_ERROR "include/dht/version.hpp: has no line `#define DHT_VERSION_${part} NUMBER`")
  endif()
  list(APPEND version ${CMAKE_MATCH_1})
endforeach()
list(JOIN version "." version)

file(STRINGS "${root}/CHANGELOG.md" entries REGEX "^## ")
list(GET entries 0 newest)
if(NOT newest MATCHES "^## ${version}( |$)")
  message(FATAL_ERROR "CHANGELOG.md: its first entry is \"${newest}\"; include/dht/version.hpp says ${version}")
endif()
message(STATUS "version ${version} everywhere")
