# module([USES path...] [LIBRARIES target...] [DEFINITIONS definition...])
#
# One static library from the .cc files of this folder. Its name is its path below src, with "_" for "/".
#   USES       modules by path ("system/net"); an include of any other module is refused by ./dev tidy
#   LIBRARIES  outside libraries; they stay private to this folder's .cc files
# x_test.cc files become one doctest program per folder, x_fuzz.cc one libFuzzer program each (sanitized builds only):
#   TEST_USES, TEST_LIBRARIES   what those link besides
#   TEST_SUITES                 modules of test cases, linked whole, though the test program names nothing in them

function(module)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES;DEFINITIONS;TEST_USES;TEST_LIBRARIES;TEST_SUITES" ${ARGN})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/src OUTPUT_VARIABLE path)
  string(REPLACE "/" "_" name ${path})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  if(sources)
    add_library(${name} STATIC ${sources})
    set(link PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(link INTERFACE)
  endif()
  target_include_directories(${name} ${link} ${PROJECT_SOURCE_DIR}/src)
  foreach(used IN LISTS ARG_USES)
    string(REPLACE "/" "_" used ${used})
    target_link_libraries(${name} ${link} ${used})
  endforeach()
  if(sources)
    target_link_libraries(${name} PRIVATE fmt::fmt Threads::Threads ${ARG_LIBRARIES})
    target_compile_definitions(${name} PRIVATE ${ARG_DEFINITIONS})
    pidge_pch(${name})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} doctest_main fmt::fmt ${ARG_TEST_LIBRARIES})
    foreach(used IN LISTS ARG_TEST_USES)
      string(REPLACE "/" "_" used ${used})
      target_link_libraries(${name}_test PRIVATE ${used})
    endforeach()
    foreach(suite IN LISTS ARG_TEST_SUITES)
      string(REPLACE "/" "_" suite ${suite})
      target_link_libraries(${name}_test PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${suite}>")
    endforeach()
    target_compile_definitions(${name}_test PRIVATE PIDGE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    pidge_pch(${name}_test)
    add_test(NAME unit/${path} COMMAND ${name}_test)
    set_tests_properties(unit/${path} PROPERTIES TIMEOUT 600)
  endif()

  if(PIDGE_SANITIZE MATCHES "address")
    foreach(fuzzer IN LISTS fuzzers)
      cmake_path(GET fuzzer STEM stem)
      set(target fuzz_${name}_${stem})
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE ${name} fmt::fmt)
      foreach(used IN LISTS ARG_TEST_USES)
        string(REPLACE "/" "_" used ${used})
        target_link_libraries(${target} PRIVATE ${used})
      endforeach()
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      pidge_pch(${target})
      # Replays the corpus and tries a bounded number of new inputs; ./dev fuzz goes on for longer.
      add_test(NAME fuzz/${path}/${stem} COMMAND ${PROJECT_SOURCE_DIR}/tools/fuzz-short $<TARGET_FILE:${target}> ${CMAKE_CURRENT_SOURCE_DIR}/${stem})
      set_tests_properties(fuzz/${path}/${stem} PROPERTIES TIMEOUT 300)
    endforeach()
  endif()
endfunction()

# pidge_program(NAME [USES path...]): an executable from the .cc files of this folder, put where the build folder begins.
function(pidge_program name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  add_executable(${name} ${sources})
  foreach(used IN LISTS ARG_USES)
    string(REPLACE "/" "_" used ${used})
    target_link_libraries(${name} PRIVATE ${used})
  endforeach()
  target_link_libraries(${name} PRIVATE fmt::fmt)
  if(NOT PIDGE_SANITIZE)  # the sanitizers bring an allocator of their own
    target_link_libraries(${name} PRIVATE PkgConfig::jemalloc)  # docs/decisions/007
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
  pidge_pch(${name})
endfunction()

# The one precompiled header: library headers only, built once and shared by all targets.
function(pidge_pch target)
  if(NOT TARGET pidge_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/pch.cc.new "// Compiles the shared precompiled header.\n")
    file(COPY_FILE ${CMAKE_BINARY_DIR}/pch.cc.new ${CMAKE_BINARY_DIR}/pch.cc ONLY_IF_DIFFERENT)
    add_library(pidge_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
    target_precompile_headers(pidge_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
    add_library(doctest_main STATIC ${PROJECT_SOURCE_DIR}/cmake/doctest_main.cc)
    add_library(asio STATIC ${PROJECT_SOURCE_DIR}/cmake/asio.cc)
  endif()
  # The header's asio/awaitable.hpp names Asio's error categories, so even a file that never waits needs them at link time.
  target_link_libraries(${target} PRIVATE asio)
  target_precompile_headers(${target} REUSE_FROM pidge_pch)
endfunction()

# Asio and Beast compile their sources once (system/net, system/http); these must be equal in every file.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
