# cmake -C configs/build/debug.cmake -S . -B .build/debug
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g3 -fno-omit-frame-pointer" CACHE STRING "")
set(WEIR_WERROR ON CACHE BOOL "")
