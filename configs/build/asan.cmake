# AddressSanitizer and UndefinedBehaviorSanitizer, every finding fatal.
# cmake -C configs/build/asan.cmake -S . -B .build/asan
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all" CACHE STRING "")
set(WEIR_WERROR ON CACHE BOOL "")
set(WEIR_HEAP libc CACHE STRING "")
set(WEIR_SANITIZER asan CACHE STRING "")
