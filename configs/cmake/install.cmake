# SPDX-License-Identifier: BSD-3-Clause
# Installed files, and how other builds find them: find_package(weir), pkg-config.
include(CMakePackageConfigHelpers)
set(WEIR_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/weir)

install(TARGETS weir EXPORT weir-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/weir DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY configs/runs DESTINATION ${CMAKE_INSTALL_DATADIR}/weir)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
