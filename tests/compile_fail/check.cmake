# SPDX-License-Identifier: MIT
# cmake -D COMPILER=.. -D SOURCE=.. -D INCLUDES=.. -P check.cmake: SOURCE must fail and print each of its expected texts. Its lines
# `// compiled with: FLAG` add a flag each.
cmake_minimum_required(VERSION 3.23)

# A notice first, because CMake wraps the lines of an error.
macro(complain text)
  message(NOTICE "${SOURCE} ${text}")
  message(FATAL_ERROR "see above")
endmacro()

file(STRINGS ${SOURCE} expectations REGEX "^// expects: .+$")
if(NOT expectations)
  complain("has no line `// expects: TEXT`")
endif()

file(STRINGS ${SOURCE} flags REGEX "^// compiled with: .+$")
list(TRANSFORM flags REPLACE "^// compiled with: " "")
list(TRANSFORM INCLUDES PREPEND -I)
execute_process(COMMAND ${COMPILER} -std=c++20 ${flags} -fsyntax-only ${INCLUDES} ${SOURCE}
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
  complain("compiles, and must not")
endif()
foreach(line IN LISTS expectations)
  string(REGEX REPLACE "^// expects: " "" text "${line}")
  string(FIND "${output}" "${text}" place)
  if(place EQUAL -1)
    message(NOTICE "${output}")
    complain("fails without saying \"${text}\"")
  endif()
endforeach()
message(STATUS "${SOURCE} failed as it should")
