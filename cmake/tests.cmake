# test/c/test_*.c: one test each, with its own main().
# test/c/tool_*.c: helper programs; tests find them in the folder SHO_TOOLS and
#   start them by SHO_EMULATOR, if that is not empty.
# test/fuzz/fuzz_*.c: libFuzzer targets, instead of the tests when SHO_FUZZ is on.
# All are linked to a static library that has the crash points of SHO_TEST_HOOKS.
sho_library(shareobject_hooks STATIC)
target_compile_definitions(shareobject_hooks PUBLIC SHO_TEST_HOOKS=1)
if(sanitizers)
  target_compile_definitions(shareobject_hooks PUBLIC SHO_SANITIZED=1)
endif()

set(tools ${CMAKE_BINARY_DIR}/tools)
list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
if(SHO_FUZZ)
  file(GLOB programs CONFIGURE_DEPENDS test/fuzz/fuzz_*.c)
else()
  file(GLOB programs CONFIGURE_DEPENDS test/c/test_*.c test/c/tool_*.c)
endif()

foreach(source IN LISTS programs)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  if(CMAKE_C_COMPILER_ID MATCHES Clang)
    # CHECK(!"this happened") is meant so. Options of a source come after all others.
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS -Wno-string-conversion)
  endif()
  target_link_libraries(${name} PRIVATE shareobject_hooks sho_flags)
  if(name MATCHES "^tool_")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${tools})
  elseif(name MATCHES "^fuzz_")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    # What it finds goes to the first folder; what is kept lies in the second.
    set(found ${CMAKE_BINARY_DIR}/corpus/${name})
    set(kept ${CMAKE_SOURCE_DIR}/test/fuzz/corpus/${name})
    file(MAKE_DIRECTORY ${found})
    if(NOT EXISTS ${kept})
      set(kept "")
    endif()
    add_test(NAME ${name} COMMAND ${name} -max_total_time=${SHO_FUZZ_SECONDS}
      -timeout=30 ${found} ${kept})
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
endforeach()

get_property(tests DIRECTORY PROPERTY TESTS)
if(tests)
  set_tests_properties(${tests} PROPERTIES TIMEOUT 300
    ENVIRONMENT "SHO_TOOLS=${tools};SHO_EMULATOR=${emulator}")
endif()

if(NOT sanitizers)
  add_test(NAME exported_symbols COMMAND ${CMAKE_COMMAND}
    -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:shareobject_shared>
    -DHEADER=${CMAKE_SOURCE_DIR}/src/main/c/shareobject.h
    -P ${CMAKE_SOURCE_DIR}/cmake/exported-symbols.cmake)
endif()
