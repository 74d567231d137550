# test/c/test_*.c: one test each, with its own main().
# test/c/tool_*.c: helper programs; tests find them in the folder SHO_TOOLS.
# Both are linked to a static library that has the crash points of SHO_TEST_HOOKS.
sho_library(shareobject_hooks STATIC)
target_compile_definitions(shareobject_hooks PUBLIC SHO_TEST_HOOKS=1)

set(tools ${CMAKE_BINARY_DIR}/tools)
file(GLOB test_sources CONFIGURE_DEPENDS test/c/test_*.c)
file(GLOB tool_sources CONFIGURE_DEPENDS test/c/tool_*.c)
foreach(source IN LISTS test_sources tool_sources)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE shareobject_hooks sho_flags)
  if(name MATCHES "^tool_")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${tools})
  else()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300
      ENVIRONMENT SHO_TOOLS=${tools})
  endif()
endforeach()

if(NOT sanitizers)
  add_test(NAME exported_symbols COMMAND ${CMAKE_COMMAND}
    -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:shareobject_shared>
    -DHEADER=${CMAKE_SOURCE_DIR}/src/main/c/shareobject.h
    -P ${CMAKE_SOURCE_DIR}/cmake/exported-symbols.cmake)
endif()

if(SHO_FUZZ)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS test/fuzz/fuzz_*.c)
  foreach(source IN LISTS fuzz_sources)
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE shareobject_hooks sho_flags)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME ${name} COMMAND ${name} -max_total_time=10)
  endforeach()
endif()
