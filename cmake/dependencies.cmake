# SPDX-License-Identifier: MIT
# dht_dependency(NAME): what is installed is used; what is not is fetched at a pinned version, where that is possible.
include(FetchContent)

# A package of headers only: its own build is left out, the target is an include folder.
function(dht_fetch_headers name target include_dir)
  FetchContent_Declare(${name} ${ARGN} GIT_SHALLOW ON SOURCE_SUBDIR its-own-build-is-not-used)
  FetchContent_MakeAvailable(${name})
  string(TOLOWER ${name} lower)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${${lower}_SOURCE_DIR}/${include_dir})
endfunction()

# Finds the package NAME or makes it available; afterwards its usual targets exist.
function(dht_dependency name)
  if(name STREQUAL Threads)
    find_package(Threads REQUIRED)

  elseif(name STREQUAL Eigen3)
    if(NOT TARGET Eigen3::Eigen)
      find_package(Eigen3 CONFIG QUIET)  # no version: one that is asked for would have to be 3 or 5
      if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.4)
        message(FATAL_ERROR "dht: Eigen is ${Eigen3_VERSION} (${Eigen3_DIR}); must be 3.4 or later")
      endif()
    endif()
    if(NOT TARGET Eigen3::Eigen)
      message(STATUS "dht: Eigen is not installed (Debian: libeigen3-dev); fetching 3.4.0")
      dht_fetch_headers(Eigen3 Eigen3::Eigen .
        GIT_REPOSITORY https://gitlab.com/libeigen/eigen.git GIT_TAG 3.4.0)
    endif()

  elseif(name STREQUAL nlohmann_json)
    if(NOT TARGET nlohmann_json::nlohmann_json)
      find_package(nlohmann_json 3.2 CONFIG QUIET)
    endif()
    if(NOT TARGET nlohmann_json::nlohmann_json)
      message(STATUS "dht: nlohmann_json is not installed (Debian: nlohmann-json3-dev); fetching 3.11.2")
      dht_fetch_headers(nlohmann_json nlohmann_json::nlohmann_json single_include
        GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.2)
    endif()

  elseif(name STREQUAL CLI11)
    if(NOT TARGET CLI11::CLI11)
      find_package(CLI11 2 CONFIG QUIET)
    endif()
    if(NOT TARGET CLI11::CLI11)
      message(STATUS "dht: CLI11 is not installed (Debian: libcli11-dev); fetching 2.1.2")
      dht_fetch_headers(CLI11 CLI11::CLI11 include
        GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git GIT_TAG v2.1.2)
    endif()

  elseif(name STREQUAL Catch2)
    # Version 2 and version 3 both serve (tests/kit/catch.hpp).
    find_package(Catch2 2.13 CONFIG QUIET)
    if(NOT Catch2_FOUND)
      find_package(Catch2 3 CONFIG QUIET)
    endif()
    if(Catch2_FOUND)
      set(catch_module ${Catch2_DIR}/Catch.cmake)
    else()
      set(CMAKE_CXX_STANDARD 20)  # Catch2 compiles more conversions to text in newer standards, and tests ask for them
      message(STATUS "dht: Catch2 is not installed (Debian: catch2); fetching 3.7.1")
      FetchContent_Declare(Catch2
        GIT_REPOSITORY https://github.com/catchorg/Catch2.git GIT_TAG v3.7.1 GIT_SHALLOW ON)
      FetchContent_MakeAvailable(Catch2)
      set(catch_module ${catch2_SOURCE_DIR}/extras/Catch.cmake)
    endif()
    set(dht_catch_module ${catch_module} PARENT_SCOPE)

  elseif(name STREQUAL benchmark)
    find_package(benchmark 1.5 CONFIG QUIET)
    if(NOT benchmark_FOUND)
      message(STATUS "dht: Google Benchmark is not installed (Debian: libbenchmark-dev); fetching 1.7.1")
      set(BENCHMARK_ENABLE_TESTING OFF)
      set(BENCHMARK_ENABLE_INSTALL OFF)
      set(CMAKE_POLICY_DEFAULT_CMP0077 NEW)
      FetchContent_Declare(benchmark
        GIT_REPOSITORY https://github.com/google/benchmark.git GIT_TAG v1.7.1 GIT_SHALLOW ON)
      FetchContent_MakeAvailable(benchmark)
    endif()

  elseif(name STREQUAL PNG OR name STREQUAL JPEG)
    # Libraries with assembly and security updates of their own: the system's, or none.
    find_package(${name})
    if(NOT ${name}_FOUND)
      string(TOLOWER ${name} lower)
      message(FATAL_ERROR "lib${lower} is not installed, and the example programs read pictures with it. "
        "Debian: apt-get install lib${lower}-dev. Without the programs: -DDHT_BUILD_EXAMPLES=OFF")
    endif()

  else()
    message(FATAL_ERROR "dht_dependency: name is ${name}; must be one of the packages in cmake/dependencies.cmake")
  endif()
endfunction()
