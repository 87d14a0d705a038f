# SPDX-License-Identifier: MIT
# Runs Doxygen: the reference must come out without a warning, and everything outside of classes must be documented.
# cmake -D DOXYGEN=program -D DOXYFILE=file -P docs/doxygen.cmake
cmake_minimum_required(VERSION 3.23)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

execute_process(COMMAND ${DOXYGEN} ${DOXYFILE} WORKING_DIRECTORY ${root} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "Doxygen warns")
endif()

# Once more for its list of what has no documentation. A member's name often says it all; a type's or function's does not.
file(WRITE ${DOXYFILE}.undocumented "@INCLUDE = ${DOXYFILE}\nGENERATE_HTML = NO\nGENERATE_XML = YES\n"
  "XML_OUTPUT = undocumented\nWARN_IF_UNDOCUMENTED = YES\nWARN_AS_ERROR = NO\n")
execute_process(COMMAND ${DOXYGEN} ${DOXYFILE}.undocumented WORKING_DIRECTORY ${root} RESULT_VARIABLE result
  OUTPUT_QUIET ERROR_VARIABLE warnings)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${warnings}")
endif()
string(REPLACE ";" "," warnings "${warnings}")
string(REGEX REPLACE "\n" ";" warnings "${warnings}")
list(FILTER warnings INCLUDE REGEX "is not documented")
list(FILTER warnings EXCLUDE REGEX ": Member .* of (struct|class|union) ")
if(warnings)
  list(JOIN warnings "\n" warnings)
  message("${warnings}")
  message(FATAL_ERROR "Types, functions, concepts and macros need a /// comment")
endif()
