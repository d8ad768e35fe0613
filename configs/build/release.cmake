# cmake -C configs/build/release.cmake -S . -B build
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_C_FLAGS_RELEASE "-O3 -g" CACHE STRING "")
