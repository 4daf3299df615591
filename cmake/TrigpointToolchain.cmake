# Compiler settings and third-party packages; nothing here knows about our own targets.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

set(TRIGPOINT_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize= takes them")
if(TRIGPOINT_SANITIZE)
  add_compile_options(-fsanitize=${TRIGPOINT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TRIGPOINT_SANITIZE})
endif()

if(TRIGPOINT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(CURL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka)
# glibc's allocator costs the fold a quarter of its time and the node half as much memory again (docs/bench.md). The
# sanitizers bring their own.
if(NOT TRIGPOINT_SANITIZE AND NOT TRIGPOINT_FUZZ)
  find_library(TCMALLOC_LIBRARY NAMES libtcmalloc_minimal.so.4 REQUIRED)
endif()
find_library(LIBCSV_LIBRARY csv REQUIRED)
add_library(trigpoint_libcsv INTERFACE)
target_link_libraries(trigpoint_libcsv INTERFACE "${LIBCSV_LIBRARY}")
add_library(libcsv::csv ALIAS trigpoint_libcsv)
# Debian's package configuration of libzip asks for its command-line programs, which nothing here runs.
find_library(LIBZIP_LIBRARY zip REQUIRED)
add_library(trigpoint_libzip INTERFACE)
target_link_libraries(trigpoint_libzip INTERFACE "${LIBZIP_LIBRARY}")
add_library(libzip::zip ALIAS trigpoint_libzip)
if(TRIGPOINT_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
  include(GoogleTest)
endif()

add_library(trigpoint_compile_options INTERFACE)
target_compile_options(
  trigpoint_compile_options
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
            -Woverloaded-virtual -Wformat=2 -Werror
            # g++ 12 reports overlaps inside its own std::string (GCC bug 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(CMAKE_UNITY_BUILD)
  # These judge one source by the names of another that happens to be compiled with it.
  target_compile_options(trigpoint_compile_options INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
