# SPDX-License-Identifier: MIT
# What `cmake --install` puts where: headers, and the package that find_package(dht) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The headers do not depend on the machine, so they and their package lie under share/ instead of a library folder.
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/dht)

install(TARGETS dht dht_io dht_vector EXPORT dht-targets FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(header IN LISTS DHT_THRUST_HEADERS DHT_CUDA_HEADERS)
  cmake_path(GET header PARENT_PATH folder)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY include)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
endforeach()
install(FILES cmake/thrust.cmake DESTINATION ${package_dir})
install(EXPORT dht-targets NAMESPACE dht:: DESTINATION ${package_dir})

# dht::compiled does, where it was built.
install(TARGETS dht_compiled_stages dht_compiled EXPORT dht-compiled-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} OPTIONAL)
install(EXPORT dht-compiled-targets NAMESPACE dht:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dht)

configure_package_config_file(cmake/dht-config.cmake.in ${PROJECT_BINARY_DIR}/dht-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dht-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/dht-config.cmake ${PROJECT_BINARY_DIR}/dht-config-version.cmake
  DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/dht)
