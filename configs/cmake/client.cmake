# SPDX-License-Identifier: BSD-3-Clause
# libweir_client, what a solver in a process of its own links: the C library
# alone, shared for Python and the dynamic linker, static for everything else.
set(WEIR_CLIENT_SOURCES src/client/client.c src/shm/doorbell.c src/shm/futex.c
    src/shm/handover.c src/base/clock.c src/base/err.c)
list(TRANSFORM WEIR_CLIENT_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/)

function(weir_client_library target type)
  add_library(${target} ${type} ${WEIR_CLIENT_SOURCES} ${ARGN})
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:weir_flags>)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME weir_client VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR})
  if(type STREQUAL SHARED)
    # Programs that know nothing of a sanitizer load it.
    if(WEIR_SANITIZER)
      target_compile_options(${target} PRIVATE -fno-sanitize=all)
      target_link_options(${target} PRIVATE -fno-sanitize=all)
    endif()
    target_link_options(${target} PRIVATE
                        -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/client/client.map)
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/client/client.map)
  endif()
endfunction()

weir_client_library(weir_client SHARED)
weir_client_library(weir_client_static STATIC)
add_library(weir::client ALIAS weir_client)
