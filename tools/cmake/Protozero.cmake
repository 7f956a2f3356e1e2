# protozero writes the protobuf messages of Perfetto traces. It is headers only and comes without a CMake package.
find_path(HELIXSIM_PROTOZERO protozero/pbf_builder.hpp DOC "Folder that holds protozero/ (Debian: libprotozero-dev)")
if(NOT HELIXSIM_PROTOZERO)
  message(FATAL_ERROR "protozero/pbf_builder.hpp was not found: install libprotozero-dev, or set HELIXSIM_PROTOZERO to "
    "the folder that holds protozero/")
endif()
add_library(protozero::protozero INTERFACE IMPORTED GLOBAL)
set_target_properties(protozero::protozero PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${HELIXSIM_PROTOZERO}")
