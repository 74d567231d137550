# The shared library exports the functions that shareobject.h declares, all of
# them and nothing else. cmake -DNM= -DLIBRARY= -DHEADER= -P exported-symbols.cmake
file(READ ${HEADER} header)
string(REGEX MATCHALL "SHO_API [^;(]*[ *]([a-z0-9_]+)\\(" found "${header}")
list(TRANSFORM found REPLACE "^.*[ *]([a-z0-9_]+)\\($" "\\1" OUTPUT_VARIABLE declared)

if(LIBRARY MATCHES "\\.dylib$")
  set(arguments -gU)
  set(prefix _)
else()
  set(arguments -D --defined-only)
endif()
execute_process(COMMAND ${NM} ${arguments} ${LIBRARY}
  OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" exported "${output}")
list(TRANSFORM exported REPLACE "^.* ${prefix}([^ ]+)$" "\\1")
list(FILTER exported EXCLUDE REGEX "^_") # _init and _fini come from the C library

set(extra ${exported})
list(REMOVE_ITEM extra ${declared})
set(missing ${declared})
list(REMOVE_ITEM missing ${exported})
if(NOT declared OR extra OR missing)
  message(FATAL_ERROR "exported but not declared: ${extra}\ndeclared but not exported: ${missing}")
endif()
