# SPDX-License-Identifier: BSD-3-Clause
# Installed files, and how other builds find them: find_package(weir), pkg-config.
include(CMakePackageConfigHelpers)
set(WEIR_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
get_target_property(WEIR_LIBRARY_TYPE weir TYPE)

install(TARGETS weir EXPORT weir-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY configs/runs configs/cases DESTINATION ${CMAKE_INSTALL_DATADIR}/weir)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# A shared library is found from where the program is, wherever both are moved.
if(TARGET weir_program AND WEIR_LIBRARY_TYPE STREQUAL "SHARED_LIBRARY")
  file(RELATIVE_PATH WEIR_BIN_TO_LIB ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(weir_program PROPERTIES INSTALL_RPATH "$ORIGIN/${WEIR_BIN_TO_LIB}")
endif()

# CMake. Only a static library hands its own dependencies on.
install(EXPORT weir-targets NAMESPACE weir:: DESTINATION ${WEIR_CMAKE_DIR})
configure_package_config_file(configs/cmake/weir-config.cmake.in generated/weir-config.cmake
                              INSTALL_DESTINATION ${WEIR_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/weir-config-version.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/weir-config.cmake
              ${PROJECT_BINARY_DIR}/generated/weir-config-version.cmake
        DESTINATION ${WEIR_CMAKE_DIR})

# pkg-config. Relative folders follow the file, wherever the prefix comes to be.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(WEIR_PC_PREFIX ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH WEIR_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  string(REGEX REPLACE "/$" "" WEIR_PC_PREFIX "\${pcfiledir}/${WEIR_PC_PREFIX}")
endif()
foreach(folder LIBDIR INCLUDEDIR DATADIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    set(WEIR_PC_${folder} "${CMAKE_INSTALL_${folder}}")
  else()
    set(WEIR_PC_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
  endif()
endforeach()
# A static libweir hands on the shared libraries it was built with, to everyone:
# there is no libweir that could do without. Their own private ones
# (Requires.private) need not be installed.
set(others "")
foreach(library ${HWLOC_LINK_LIBRARIES} ${URING_LINK_LIBRARIES} ${FFTW_LINK_LIBRARIES}
        ${YAML_LINK_LIBRARIES} ${CJSON_LINK_LIBRARIES} ${DEFLATE_LINK_LIBRARIES} ${HDF5_C_LIBRARIES} ${DNNL_LIBRARY} ${OpenMP_C_LIBRARIES} ${CMAKE_THREAD_LIBS_INIT} m)
  if(NOT library MATCHES "^(-|/)")
    set(library -l${library})
  endif()
  list(APPEND others ${library})
endforeach()
list(REMOVE_DUPLICATES others)
list(JOIN others " " others)
set(WEIR_PC_LIBS "")
set(WEIR_PC_LIBS_PRIVATE "")
if(WEIR_LIBRARY_TYPE STREQUAL "SHARED_LIBRARY")
  set(WEIR_PC_LIBS_PRIVATE " ${others}")
else()
  set(WEIR_PC_LIBS " ${others}")
endif()
configure_file(configs/cmake/weir.pc.in generated/weir.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/generated/weir.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The client library has a name of its own: who writes a solver needs no more.
install(TARGETS weir_client weir_client_static EXPORT weir-client-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT weir-client-targets NAMESPACE weir:: DESTINATION ${WEIR_CMAKE_DIR})
configure_file(configs/cmake/weir_client.pc.in generated/weir_client.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/generated/weir_client.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES src/client/weir_client.py DESTINATION ${CMAKE_INSTALL_DATADIR}/weir/python)
install(FILES src/client/weir_client.f90 DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weir)
install(DIRECTORY configs/solvers DESTINATION ${CMAKE_INSTALL_DATADIR}/weir)
