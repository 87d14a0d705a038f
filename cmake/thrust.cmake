# SPDX-License-Identifier: MIT
# The Thrust backend's targets, in this build and in projects that use the installed package:
#   dht::thrust_cpp, dht::thrust_omp, dht::thrust_tbb   Thrust's host systems, for any C++ compiler, where Thrust is found
#   dht::thrust                                         the one of them that DHT_THRUST_SYSTEM names
#   dht::cuda                                           the same headers by nvcc, where CUDA is an enabled language
# Thrust comes with the CUDA Toolkit (12.4 or later), or from Debian's libthrust-dev.

set(DHT_THRUST_SYSTEM "" CACHE STRING "Where dht::thrust runs: OMP, CPP or TBB; empty: OMP where there is OpenMP")

function(dht_thrust_targets library)
  if(NOT TARGET OpenMP::OpenMP_CXX)
    find_package(OpenMP QUIET COMPONENTS CXX)
  endif()
  if(NOT TARGET TBB::tbb)
    find_package(TBB QUIET CONFIG)
  endif()
  find_path(DHT_THRUST_INCLUDE_DIR thrust/version.h
    HINTS /usr/include ENV CUDA_PATH PATHS /usr/local/cuda/include/cccl /usr/local/cuda/include
    PATH_SUFFIXES include/cccl include NO_CMAKE_FIND_ROOT_PATH
    DOC "Folder of thrust/version.h: Debian's libthrust-dev, or include/cccl of a CUDA Toolkit")
  mark_as_advanced(DHT_THRUST_INCLUDE_DIR)
  if(DHT_THRUST_INCLUDE_DIR)
    foreach(system IN ITEMS cpp omp tbb)
      if((system STREQUAL omp AND NOT TARGET OpenMP::OpenMP_CXX) OR (system STREQUAL tbb AND NOT TARGET TBB::tbb))
        continue()
      endif()
      string(TOUPPER ${system} upper)
      add_library(dht::thrust_${system} INTERFACE IMPORTED GLOBAL)
      target_link_libraries(dht::thrust_${system} INTERFACE ${library})
      target_include_directories(dht::thrust_${system} SYSTEM INTERFACE ${DHT_THRUST_INCLUDE_DIR})
      target_compile_definitions(dht::thrust_${system} INTERFACE THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_${upper})
    endforeach()
    if(TARGET dht::thrust_omp)
      target_link_libraries(dht::thrust_omp INTERFACE OpenMP::OpenMP_CXX)
    endif()
    if(TARGET dht::thrust_tbb)
      target_link_libraries(dht::thrust_tbb INTERFACE TBB::tbb)
    endif()
    string(TOLOWER "${DHT_THRUST_SYSTEM}" chosen)
    if(NOT chosen)
      set(chosen omp)
      if(NOT TARGET dht::thrust_omp)
        set(chosen cpp)
      endif()
    endif()
    if(NOT TARGET dht::thrust_${chosen})
      message(FATAL_ERROR "DHT_THRUST_SYSTEM: is ${DHT_THRUST_SYSTEM}; must be CPP, OMP where OpenMP is installed, "
        "or TBB where that is")
    endif()
    add_library(dht::thrust INTERFACE IMPORTED GLOBAL)
    target_link_libraries(dht::thrust INTERFACE dht::thrust_${chosen})
  endif()

  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(CUDA IN_LIST languages)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.4)
      message(FATAL_ERROR "dht::cuda: nvcc is ${CMAKE_CUDA_COMPILER_VERSION}; must be 12.4 or later")
    endif()
    add_library(dht::cuda INTERFACE IMPORTED GLOBAL)
    target_link_libraries(dht::cuda INTERFACE ${library})
    # The standard as an option: CMake 3.25 does not know the features of nvcc 13.
    # 1675: pragmas for GCC. 20012: Eigen. 554: conversions of a view that is const already.
    target_compile_options(dht::cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 --extended-lambda --expt-relaxed-constexpr
      --Werror=cross-execution-space-call --diag-suppress=1675,20012,554>)
  endif()
endfunction()

# For CMAKE_CUDA_ARCHITECTURES, before CUDA is enabled: this machine's device, or for packages all major architectures.
function(dht_default_cuda_architectures)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
    set(architectures all-major)
    if(EXISTS /dev/nvidia0)
      set(architectures native)
    endif()
    set(CMAKE_CUDA_ARCHITECTURES ${architectures} CACHE STRING "native, all-major, or numbers such as 80;90")
  endif()
endfunction()
