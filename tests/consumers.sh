# SPDX-License-Identifier: BSD-3-Clause
# What the tests of an installation share: consumers PREFIX builds
# consumer.c in C and in C++ through CMake and through pkg-config, and runs it.
export CMAKE_GENERATOR=Ninja # as for the build; a new machine has no make
consumer=$WEIR_SOURCE/tests/install/consumer.c
surrogate= # directory of a run to load one from, if there is one

by_cmake() { # PREFIX LANGUAGE STANDARD FILE
    rm -rf project && mkdir project
    cp "$consumer" "project/$4"
    cat >project/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.20)
project(consumer LANGUAGES $2)
find_package(weir 0.1 CONFIG REQUIRED)
add_executable(consumer $4)
target_compile_features(consumer PRIVATE $3)
target_link_libraries(consumer PRIVATE weir::weir)
END
    cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$1" >log 2>&1 &&
        cmake --build project/build >>log 2>&1 &&
        project/build/consumer $surrogate >said 2>>log ||
        { fail "$2 by CMake from $1" && tail -n 20 log && return; }
    [ "$(cat said)" = "$version 0" ] || fail "$2 by CMake: $(cat said)"
}

by_pkg_config() { # PREFIX COMPILER FILE
    export PKG_CONFIG_PATH="$1/lib/pkgconfig"
    cp "$consumer" "$3"
    "$2" "$3" -o by_pkg $(pkg-config --cflags --libs weir) >log 2>&1 &&
        LD_LIBRARY_PATH="$1/lib" ./by_pkg $surrogate >said 2>>log ||
        { fail "$2 by pkg-config from $1" && tail -n 20 log && return; }
    [ "$(cat said)" = "$version 0" ] || fail "$2 by pkg-config: $(cat said)"
    [ "$(pkg-config --modversion weir)" = "$version" ] || fail "weir.pc: version"
}

consumers() {
    version=$(sed -n 's/^weir \([0-9.]*\) .*/\1/p' said_version)
    by_cmake "$1" C c_std_11 consumer.c
    by_cmake "$1" CXX cxx_std_17 consumer.cc
    by_pkg_config "$1" "${CC:-cc}" consumer.c
    by_pkg_config "$1" "${CXX:-c++}" consumer.cc
}
