# SPDX-License-Identifier: MIT
# Configures the project beside this file in one of its ways (WAY), in the folder SCRATCH, from nothing.
cmake_minimum_required(VERSION 3.23)
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
file(COPY ${CMAKE_CURRENT_LIST_DIR}/CMakeLists.txt DESTINATION ${SCRATCH}/source)
set(arguments "")
if(WAY STREQUAL "find_package")
  run(${CMAKE_COMMAND} --install ${LIBRARY_BUILD} --prefix ${SCRATCH}/prefix)
  list(APPEND arguments -D CMAKE_PREFIX_PATH=${SCRATCH}/prefix)
elseif(WAY STREQUAL "add_subdirectory")
  file(CREATE_LINK ${LIBRARY_SOURCE} ${SCRATCH}/source/dht SYMBOLIC)
elseif(WAY STREQUAL "FetchContent")
  find_program(git git)
  if(git AND EXISTS ${LIBRARY_SOURCE}/.git)
    # A repository with the tags of this one, and what is checked out as its branch `main`.
    run(${git} clone --quiet --bare ${LIBRARY_SOURCE} ${SCRATCH}/dht.git)
    run(${git} -C ${SCRATCH}/dht.git update-ref refs/heads/main HEAD)
    list(APPEND arguments -D address_of_dht=${SCRATCH}/dht.git)
  else()
    list(APPEND arguments -D FETCHCONTENT_SOURCE_DIR_DHT=${LIBRARY_SOURCE})  # as if it had been fetched
  endif()
endif()
run(${CMAKE_COMMAND} -S ${SCRATCH}/source -B ${SCRATCH}/build -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER} -D WAY=${WAY}
  ${arguments})
