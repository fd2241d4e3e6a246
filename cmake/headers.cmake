# kith_headers_alone: compiles every header by itself, so that none leans on what stands before it.
#
# A header x.h with an x.cpp beside it is compiled alone already, as the first include of that file
# (tools/tidy sees to the order). For each of the others a file is made that includes nothing else.
# Part of every build with tests; incremental like any target.
function(kith_add_headers_alone)
    set(headers)
    foreach(folder src sdk cli bench sim)
        file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
            ${CMAKE_SOURCE_DIR}/${folder}/*.h)
        list(APPEND headers ${found})
    endforeach()

    set(sources)
    foreach(header ${headers})
        string(REGEX REPLACE "\\.h$" "" stem ${header})
        if(EXISTS ${CMAKE_SOURCE_DIR}/${stem}.cpp)
            continue()
        endif()
        string(REGEX REPLACE "^src/" "" include ${header})
        set(source ${CMAKE_BINARY_DIR}/headers_alone/${stem}.cpp)
        file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${include}\"\n")
        list(APPEND sources ${source})
    endforeach()

    if(sources)
        add_library(kith_headers_alone OBJECT ${sources})
        target_link_libraries(kith_headers_alone PRIVATE kith_options)
        target_include_directories(kith_headers_alone PRIVATE ${CMAKE_SOURCE_DIR})
    endif()
endfunction()
