# Compiler, warnings, hardening and the libraries that every module may see.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
add_compile_options(-fPIC)  # one setting for all: executables share the precompiled header with libraries
set(PIDGE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "pidge needs clang 19: g++ 12 miscompiles coroutines. Configure with --preset debug.")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
endif()

add_compile_options(-Wall -Wextra -Werror -Wconversion -Wno-sign-conversion -Wformat=2 -Wimplicit-fallthrough
  -Wnon-virtual-dtor -Wshadow -Wno-missing-designated-field-initializers -fno-strict-aliasing -fno-delete-null-pointer-checks)
add_link_options(-fuse-ld=lld)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
  add_compile_options(-D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection
    -ftrivial-auto-var-init=zero -fno-strict-overflow
    -fno-omit-frame-pointer)  # a site can be profiled as it runs; costs about 1 %
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    add_compile_options(-fcf-protection=full)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
else()
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -D_GLIBCXX_ASSERTIONS")
endif()
if(PIDGE_SANITIZE)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -D_GLIBCXX_ASSERTIONS")
  add_compile_options(-fsanitize=${PIDGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PIDGE_SANITIZE})
  if(PIDGE_SANITIZE MATCHES "address")
    # The fuzzers are led by which of our code an input reaches, so all of it is compiled to tell.
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
