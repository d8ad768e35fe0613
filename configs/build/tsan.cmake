# ThreadSanitizer. libgomp is not instrumented: one OpenMP thread per pthread.
# cmake -C configs/build/tsan.cmake -S . -B .build/tsan
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer -fsanitize=thread" CACHE STRING "")
set(WEIR_WERROR ON CACHE BOOL "")
set(WEIR_HEAP libc CACHE STRING "")
set(WEIR_SANITIZER tsan CACHE STRING "")
