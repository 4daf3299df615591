# Generated code lives in two targets without our warnings: trigpoint_proto (messages: events, state) and
# trigpoint_api (gRPC services). Includes are SYSTEM so that warnings in generated headers stay out of our build.
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

function(trigpoint_add_proto target)
  cmake_parse_arguments(A "GRPC" "" "PROTOS;DEPS" ${ARGN})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/gen")
  file(MAKE_DIRECTORY "${out}")
  set(sources "")
  foreach(proto IN LISTS A_PROTOS)
    string(REGEX REPLACE "\\.proto$" "" stem "${proto}")
    set(generated "${out}/${stem}.pb.cc" "${out}/${stem}.pb.h")
    set(plugin "")
    if(A_GRPC)
      list(APPEND generated "${out}/${stem}.grpc.pb.cc" "${out}/${stem}.grpc.pb.h")
      set(plugin "--grpc_out=${out}" "--plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN}")
    endif()
    add_custom_command(
      OUTPUT ${generated}
      COMMAND protobuf::protoc "--cpp_out=${out}" ${plugin} -I "${CMAKE_CURRENT_SOURCE_DIR}" "${proto}"
      DEPENDS ${A_PROTOS} protobuf::protoc
      WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
      COMMENT "protoc ${proto}"
      VERBATIM)
    list(APPEND sources ${generated})
  endforeach()
  add_library(${target} STATIC ${sources})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)  # Generated sources share names.
  if(TRIGPOINT_SANITIZE AND NOT TRIGPOINT_FUZZ)
    # The sanitizers judge our code; the library that the generated code is part of comes without them, too.
    target_compile_options(${target} PRIVATE -fno-sanitize=all)
  endif()
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf ${A_DEPS})
  if(A_GRPC)
    target_link_libraries(${target} PUBLIC gRPC::grpc++)
  endif()
endfunction()
