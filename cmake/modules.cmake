# kith_module(NAME [SUBFOLDERS folder...] [DEPENDS target...] [LIBRARIES target...]
#             [TEST_LIBRARIES target...])
#
# Makes the static library kith_NAME (alias kith::NAME) of the .cpp files in the calling folder, its
# detail/ and the SUBFOLDERS and, of its x_test.cpp files, the test program kith_NAME_test. DEPENDS
# are modules whose headers appear in this module's headers; LIBRARIES are private (third-party
# libraries, modules used in .cpp only). Each x_fuzz.cpp is a fuzz target.
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
        add_library(kith_${name} INTERFACE)  # headers only
        target_link_libraries(kith_${name} INTERFACE kith_options ${ARG_DEPENDS} ${ARG_LIBRARIES})
    endif()
    add_library(kith::${name} ALIAS kith_${name})

    if(KITH_TESTS AND tests)
        kith_test(kith_${name}_test SOURCES ${tests}
            LIBRARIES kith_${name} ${ARG_LIBRARIES} ${ARG_TEST_LIBRARIES})
    endif()
    foreach(fuzzer ${fuzzers})
        kith_fuzz_target(${fuzzer} LIBRARIES kith_${name} ${ARG_LIBRARIES})
    endforeach()
endfunction()

# kith_fuzz_target(SOURCE [LIBRARIES target...])
#
# In a fuzz build, x_fuzz.cpp becomes the fuzzer x_fuzz. In a build with tests it becomes the test
# x_fuzz_replay, which runs it over its corpus, the files in fuzz/x.
function(kith_fuzz_target source)
    cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
    get_filename_component(target ${source} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" subject ${target})
    if(KITH_FUZZ)
        add_executable(${target} ${source})
        target_link_libraries(${target} PRIVATE kith_options ${ARG_LIBRARIES})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endif()
    if(KITH_TESTS)
        add_executable(${target}_replay ${source} ${CMAKE_SOURCE_DIR}/tools/fuzz/replay_main.cpp)
        target_link_libraries(${target}_replay PRIVATE kith_options ${ARG_LIBRARIES})
        kith_script_test(${target}_replay
            COMMAND ${target}_replay ${CMAKE_SOURCE_DIR}/fuzz/${subject} LABELS fuzz)
    endif()
endfunction()

# kith_test(NAME SOURCES file... [LIBRARIES target...] [LABELS label...] [TIMEOUT seconds])
#
# One GoogleTest program, registered with ctest as one entry; it runs from the repository root.
function(kith_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE kith_test_options ${ARG_LIBRARIES} GTest::gtest_main)
    kith_precompile_gtest()
    target_precompile_headers(${name} REUSE_FROM kith_test_pch)
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    kith_set_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
endfunction()

# GoogleTest is half of what the compiler reads for a test, so it is read once for all of them. Only
# tests have a precompiled header: elsewhere it would hide what a file forgot to include.
function(kith_precompile_gtest)
    if(TARGET kith_test_pch)
        return()
    endif()
    find_package(GTest REQUIRED GLOBAL)
    add_library(kith_test_options INTERFACE)
    target_link_libraries(kith_test_options INTERFACE kith_options GTest::gtest GTest::gmock)
    target_compile_options(kith_test_options INTERFACE ${KITH_TEST_OPTIONS})
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/test_pch.cpp CONTENT "")
    add_library(kith_test_pch OBJECT ${CMAKE_BINARY_DIR}/test_pch.cpp)
    target_link_libraries(kith_test_pch PRIVATE kith_test_options)
    target_precompile_headers(kith_test_pch PRIVATE <gtest/gtest.h>)
endfunction()

# kith_script_test(NAME COMMAND command... [LABELS label...] [TIMEOUT seconds] [PROCESSORS n])
#
# A test that is a program or script of any kind. Exit status 77 means skipped. It may leave a JUnit
# file where the environment variable KITH_REPORT says; then its cases are counted, else it counts
# as one. KITH_BINARY names the kith program under test. It runs from the repository root.
function(kith_script_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT;PROCESSORS" "COMMAND;LABELS" ${ARGN})
    add_test(NAME ${name} COMMAND ${ARG_COMMAND} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    kith_set_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
    if(ARG_PROCESSORS)
        set_tests_properties(${name} PROPERTIES PROCESSORS ${ARG_PROCESSORS})
    endif()
endfunction()

# kith_python_test(NAME SCRIPT file.py [LABELS label...] [TIMEOUT seconds] [PROCESSORS n])
#
# A file of Python unittest cases; each is counted.
function(kith_python_test name)
    cmake_parse_arguments(ARG "" "SCRIPT" "" ${ARGN})
    find_package(Python3 REQUIRED COMPONENTS Interpreter)
    get_filename_component(script ${ARG_SCRIPT} ABSOLUTE)
    kith_script_test(${name} ${ARG_UNPARSED_ARGUMENTS}
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/unittest_report.py ${script})
endfunction()

# What every test has: a time limit, labels, and places in its environment.
function(kith_set_test_properties name timeout_s labels)
    if(NOT timeout_s)
        set(timeout_s 120)
    endif()
    if(NOT labels)
        set(labels unit)
    endif()
    set(report ${CMAKE_BINARY_DIR}/reports/${name}.xml)
    set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout_s} LABELS "${labels}" ENVIRONMENT
        "GTEST_OUTPUT=xml:${report};KITH_REPORT=${report};KITH_BINARY=${CMAKE_BINARY_DIR}/kith")
endfunction()
