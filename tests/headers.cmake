# The test `headers`: every header of src compiles alone. One file per header, without the precompiled header (which would
# hide a missing include); ccache and Ninja see to it that only what changed is compiled again.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/*.h)
set(alone "")
foreach(header IN LISTS headers)
  cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/src OUTPUT_VARIABLE path)
  set(file ${CMAKE_BINARY_DIR}/headers/${path}.cc)
  if(NOT EXISTS ${file})
    file(WRITE ${file} "#include \"${path}\"\n")
  endif()
  list(APPEND alone ${file})
endforeach()
add_library(headers OBJECT EXCLUDE_FROM_ALL ${alone})
target_include_directories(headers PRIVATE ${PROJECT_SOURCE_DIR}/src)
# Nothing of these files is ever run: without sanitizers and debug information they compile faster.
target_compile_options(headers PRIVATE -O0 -g0 -fno-sanitize=all)
add_test(NAME headers COMMAND ${CMAKE_MAKE_PROGRAM} -C ${CMAKE_BINARY_DIR} -j2 -k0 headers)
set_tests_properties(headers PROPERTIES TIMEOUT 1200 PROCESSORS 2 COST 100)
