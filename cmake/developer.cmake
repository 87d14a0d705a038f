# SPDX-License-Identifier: MIT
# What only this project's own executables are compiled with: warnings and sanitizers. Linked PRIVATE, never installed.
set(CMAKE_CXX_EXTENSIONS OFF)

add_library(dht_developer INTERFACE)
add_library(dht_pointer_sanitizers INTERFACE)  # to be linked after it
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  # Signedness is left out: sizes are unsigned in the standard library and signed in views.
  target_compile_options(dht_developer INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 sees overlaps and overflows in its own std::string and std::vector that are none; the sanitizers see real ones.
    target_compile_options(dht_developer INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread)
  endif()
  if(DHT_WARNINGS_AS_ERRORS)
    target_compile_options(dht_developer INTERFACE -Werror)
  endif()
  if(DHT_SANITIZE)
    set(sanitizers ${DHT_SANITIZE})
    if(DHT_SANITIZE MATCHES "^(ON|TRUE|YES|Y|1)$")
      set(sanitizers address,undefined)
    endif()
    target_compile_options(dht_developer INTERFACE
      -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(sanitizers MATCHES "address" AND sanitizers MATCHES "undefined")
      # The address sanitizer sees what these would, Thrust binds references to nothing on purpose, and a third of the time to
      # compile is theirs. Alignment and arithmetic of pointers are left to the harnesses of tests/fuzz.
      target_compile_options(dht_developer INTERFACE -fno-sanitize=null,object-size,vptr,alignment,pointer-overflow)
      target_compile_options(dht_pointer_sanitizers INTERFACE -fsanitize=alignment,pointer-overflow)
    endif()
    target_link_options(dht_developer INTERFACE -fsanitize=${sanitizers})
    target_compile_definitions(dht_developer INTERFACE _GLIBCXX_ASSERTIONS)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
      # Loops for this machine alone: nothing else would run, and compiling takes half of the time.
      target_compile_options(dht_developer INTERFACE -march=native -ffp-contract=off)
      target_compile_definitions(dht_developer INTERFACE DHT_NO_DISPATCH)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # Instrumented code makes GCC warn of variables that are always set (GCC manual, -fsanitize=), as do Eigen's packets.
      target_compile_options(dht_developer INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
    endif()
  endif()
elseif(DHT_SANITIZE)
  message(FATAL_ERROR "DHT_SANITIZE: is ${DHT_SANITIZE}; it needs GCC or Clang, not ${CMAKE_CXX_COMPILER_ID}")
endif()
