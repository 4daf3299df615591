# trigpoint_add_library / trigpoint_add_program / trigpoint_add_test, and the table of allowed arrows.
#
# A library names what it uses in DEPS (ours: trigpoint::<name>) and THIRD_PARTY. An arrow that the table does not
# allow, or a third-party package in a pure library, stops the configure step. tools/check_layers.py closes the
# second hole: an #include of something that the library does not name.

set(trigpoint_may_use_base "")
set(trigpoint_may_use_events base)
set(trigpoint_may_use_domain base events)
set(trigpoint_may_use_signals base events domain)
set(trigpoint_may_use_policy base events domain signals)
set(trigpoint_may_use_reports base events domain signals policy)
set(trigpoint_may_use_rocks base)
set(trigpoint_may_use_log base events rocks)
set(trigpoint_may_use_store base events rocks)
set(trigpoint_may_use_intake base events)
set(trigpoint_may_use_access base events)
set(trigpoint_may_use_telemetry base)
set(trigpoint_may_use_engine base events domain signals policy log store telemetry)
set(trigpoint_libraries base events domain signals policy reports rocks log store intake access telemetry engine)
set(trigpoint_may_use_testkit ${trigpoint_libraries})

# Pure libraries: no clock, no I/O; Protobuf, abseil and a crypto library at most.
set(trigpoint_pure base events domain signals policy reports)
# What a pure library may link.
set(trigpoint_pure_third_party "^(absl::.*|protobuf::libprotobuf|OpenSSL::Crypto|trigpoint_proto|nlohmann_json::nlohmann_json)$")

function(trigpoint_check_arrow from dep)
  if(dep MATCHES "^trigpoint::(.*)$")
    if(NOT CMAKE_MATCH_1 IN_LIST trigpoint_may_use_${from})
      message(FATAL_ERROR "libs/${from} must not use ${dep}: see the arrows in ARCHITECTURE.md")
    endif()
  endif()
endfunction()

# trigpoint_add_library(<name> SOURCES ... [DEPS trigpoint::x ...] [THIRD_PARTY ...] [PRIVATE_THIRD_PARTY ...])
function(trigpoint_add_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS;THIRD_PARTY;PRIVATE_THIRD_PARTY" ${ARGN})
  if(NOT DEFINED trigpoint_may_use_${name})
    message(FATAL_ERROR "libs/${name} has no row in the table of arrows (cmake/TrigpointLibrary.cmake)")
  endif()
  foreach(dep IN LISTS A_DEPS)
    trigpoint_check_arrow(${name} ${dep})
  endforeach()
  if(name IN_LIST trigpoint_pure)
    foreach(dep IN LISTS A_THIRD_PARTY A_PRIVATE_THIRD_PARTY)
      if(NOT dep MATCHES "${trigpoint_pure_third_party}")
        message(FATAL_ERROR "libs/${name} is pure and must not link ${dep}")
      endif()
    endforeach()
  endif()
  add_library(trigpoint_${name} STATIC ${A_SOURCES})
  add_library(trigpoint::${name} ALIAS trigpoint_${name})
  target_include_directories(trigpoint_${name} PUBLIC include PRIVATE src)
  target_compile_features(trigpoint_${name} PUBLIC cxx_std_20)
  target_link_libraries(
    trigpoint_${name}
    PUBLIC ${A_DEPS} ${A_THIRD_PARTY}
    PRIVATE ${A_PRIVATE_THIRD_PARTY} trigpoint_compile_options)
endfunction()

# trigpoint_add_program(<name> SOURCES ... DEPS ...): a program under build/<preset>/bin.
function(trigpoint_add_program name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  string(REPLACE "-" "_" target "${name}_program")
  add_executable(${target} ${A_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(${target} PRIVATE ${A_DEPS} trigpoint_compile_options)
  if(TCMALLOC_LIBRARY)
    # Nothing names its symbols: it takes the place of malloc and new.
    target_link_libraries(${target} PRIVATE "-Wl,--push-state,--no-as-needed,${TCMALLOC_LIBRARY},--pop-state")
  endif()
endfunction()

# trigpoint_add_man_page(<name> <section>): the man page of a program, from what its --help says, installed with it.
function(trigpoint_add_man_page name section)
  string(REPLACE "-" "_" target "${name}_program")
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(page "${PROJECT_BINARY_DIR}/man/${name}.${section}")
  set(script "${PROJECT_SOURCE_DIR}/tools/man_page.py")
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/man")
  add_custom_command(
    OUTPUT "${page}"
    COMMAND Python3::Interpreter -B "${script}" $<TARGET_FILE:${target}> ${section} > "${page}"
    DEPENDS ${target} trigpoint_node_program "${script}"
    VERBATIM)
  add_custom_target(${target}_man ALL DEPENDS "${page}")
  install(FILES "${page}" DESTINATION share/man/man${section})
endfunction()

# trigpoint_add_test(<name> SOURCES ... DEPS ... [LABELS ...] [TIMEOUT s] [SERIAL]): one GoogleTest program; each TEST is a
# ctest. SERIAL: with no other at the same time.
function(trigpoint_add_test name)
  cmake_parse_arguments(A "SERIAL" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT TRIGPOINT_BUILD_TESTS)
    return()
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE ${A_DEPS} GTest::gmock_main trigpoint_compile_options)
  target_compile_definitions(${name} PRIVATE TRIGPOINT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             TRIGPOINT_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT} RUN_SERIAL ${A_SERIAL}
                       ENVIRONMENT_MODIFICATION "PATH=path_list_append:${PROJECT_SOURCE_DIR}/build/bin")
endfunction()
