# SPDX-License-Identifier: MIT
# What find_package(dht) finds and what it says otherwise: components; and a library on top, exported.
cmake_minimum_required(VERSION 3.23)
include(CMakePackageConfigHelpers)

# run(RESULT COMMAND...): `output` is what it wrote; RESULT says what must happen, `works` or `fails`.
function(run expected)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  set(happened works)
  if(NOT result EQUAL 0)
    set(happened fails)
  endif()
  if(NOT happened STREQUAL expected)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${happened}:\n${output}")
  endif()
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # messages are broken into lines
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(must_contain text)
  string(FIND "${output}" "${text}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "must say \"${text}\":\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
set(consumers ${LIBRARY_SOURCE}/tests/consumer)
set(with -G ${GENERATOR} -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_BUILD_TYPE=Debug)
run(works ${CMAKE_COMMAND} --install ${LIBRARY_BUILD} --prefix ${SCRATCH}/prefix)

set(number 0)
macro(find expected)
  math(EXPR number "${number} + 1")
  run(${expected} ${CMAKE_COMMAND} -S ${consumers}/finds -B ${SCRATCH}/finds${number} ${with}
    -D CMAKE_PREFIX_PATH=${SCRATCH}/prefix ${ARGN})
endmacro()

# Components.
find(works -D COMPONENTS=io -D TARGETS=dht::dht)
must_contain("has dht::dht")
if(HAS_THRUST)
  find(works -D COMPONENTS=io,thrust -D TARGETS=dht::thrust)
  must_contain("has dht::thrust")
endif()
find(fails -D COMPONENTS=cuda)
must_contain("the component cuda of dht needs CUDA as a language of the project")
find(works -D OPTIONAL=cuda -D TARGETS=dht::dht)
must_contain("has dht::dht")
find(fails -D COMPONENTS=nothing)
must_contain("dht has no component nothing")

set(added -D DHT_SOURCE_DIR=${LIBRARY_SOURCE})
# A library on top, exported with this one.
run(works ${CMAKE_COMMAND} -S ${consumers}/exports -B ${SCRATCH}/exports ${with} ${added})
run(works ${CMAKE_COMMAND} --build ${SCRATCH}/exports --config Debug --target greeter)
run(works ${CMAKE_COMMAND} --install ${SCRATCH}/exports --config Debug --prefix ${SCRATCH}/on_top)
run(works ${CMAKE_COMMAND} -S ${consumers}/finds_exported -B ${SCRATCH}/finds_exported ${with}
  -D CMAKE_PREFIX_PATH=${SCRATCH}/on_top)
run(works ${CMAKE_COMMAND} --build ${SCRATCH}/finds_exported --config Debug)
