# kith_module(NAME [SUBFOLDERS folder...] [DEPENDS target...] [LIBRARIES target...]
#             [TEST_LIBRARIES target...])
#
# Takes the .cpp files of the calling folder, its detail/ and the SUBFOLDERS. Makes the static library kith_NAME (alias kith::NAME) of the calling folder and, if the folder has
# x_test.cpp files, the test program kith_NAME_test. DEPENDS are modules whose headers appear in
# this module's headers; LIBRARIES are private (third-party libraries, modules used in .cpp only).
# x_fuzz.cpp and x_bench.cpp become programs of their own when fuzzing or benches are built.
function(kith_module name)
    cmake_parse_arguments(ARG "" "" "SUBFOLDERS;DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
    set(patterns *.cpp detail/*.cpp)
    foreach(folder ${ARG_SUBFOLDERS})
        list(APPEND patterns ${folder}/*.cpp)
    endforeach()
    file(GLOB sources CONFIGURE_DEPENDS ${patterns})
    set(tests ${sources})
    set(fuzzers ${sources})
    list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
    list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
    list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")

    if(sources)
        add_library(kith_${name} STATIC ${sources})
        target_link_libraries(kith_${name}
            PUBLIC kith_options ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
    else()
        add_library(kith_${name} INTERFACE)
        target_link_libraries(kith_${name} INTERFACE kith_options ${ARG_DEPENDS} ${ARG_LIBRARIES})
    endif()
    add_library(kith::${name} ALIAS kith_${name})

    if(KITH_TESTS AND tests)
        kith_test(kith_${name}_test SOURCES ${tests}
            LIBRARIES kith_${name} ${ARG_LIBRARIES} ${ARG_TEST_LIBRARIES})
    endif()
    if(KITH_FUZZ)
        foreach(fuzzer ${fuzzers})
            get_filename_component(stem ${fuzzer} NAME_WE)
            add_executable(${stem} ${fuzzer})
            target_link_libraries(${stem} PRIVATE kith_${name} ${ARG_LIBRARIES})
            target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
        endforeach()
    endif()
endfunction()

# kith_test(NAME SOURCES file... [LIBRARIES target...] [LABELS label...])
#
# One GoogleTest program, registered with ctest as one entry; it runs from the repository root.
function(kith_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
    find_package(GTest REQUIRED)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE kith_options ${ARG_LIBRARIES} GTest::gtest_main GTest::gmock)
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    if(NOT ARG_LABELS)
        set(ARG_LABELS unit)
    endif()
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
