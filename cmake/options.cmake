# Compiler options shared by every target: warnings as errors, sanitizers, a fast linker, ccache.

add_library(kith_options INTERFACE)
target_include_directories(kith_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(kith_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wswitch-enum
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>
    -Wundef
    -Wno-missing-field-initializers  # designated initializers name the fields that matter
    -fno-omit-frame-pointer -fvisibility=hidden -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(KITH_WERROR)
    target_compile_options(kith_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # gcc 12 reports these inside the standard library's own inlined code under sanitizers.
    target_compile_options(kith_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict
        -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()

if(KITH_SANITIZE)
    target_compile_options(kith_options INTERFACE -fsanitize=${KITH_SANITIZE}
        -fno-sanitize-recover=all)
    target_link_options(kith_options INTERFACE -fsanitize=${KITH_SANITIZE})
    string(REPLACE "," ";" kith_sanitizers "${KITH_SANITIZE}")
    foreach(sanitizer ${kith_sanitizers})
        string(TOUPPER "KITH_SANITIZE_${sanitizer}" define)
        string(REPLACE "-" "_" define "${define}")
        target_compile_definitions(kith_options INTERFACE ${define}=1)
    endforeach()
endif()

# A node touches little of these, but a shared library costs all that is mapped around what is
# touched, and the C++ ones drag one another in. Debian has fmt and spdlog as headers, not archives.
set(KITH_FMT fmt::fmt)
set(KITH_SPDLOG spdlog::spdlog)
if(KITH_STATIC_CXX)
    set(KITH_FMT fmt::fmt-header-only)
    set(KITH_SPDLOG spdlog::spdlog_header_only)
    target_link_options(kith_options INTERFACE -static-libstdc++ -static-libgcc)
endif()

find_program(KITH_MOLD mold)
if(KITH_MOLD)
    target_link_options(kith_options INTERFACE -fuse-ld=mold)
endif()

# The sloppiness is what ccache asks for with precompiled headers; with the base directory, two
# checkouts share what is equal.
find_program(KITH_CCACHE ccache)
if(KITH_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        ${KITH_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

find_package(Threads REQUIRED)
