# One static library a floor, its headers compiled alone on request, and its tests linked to that floor only.

add_library(helixsim_options INTERFACE)
target_compile_features(helixsim_options INTERFACE cxx_std_20)
# Results are the same bytes at every optimisation level: no contraction into fused multiply-adds, no fast-math.
# nvcc has options of its own.
target_compile_options(helixsim_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off;-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wold-style-cast>"
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${HELIXSIM_WARNINGS_AS_ERRORS}>>:-Werror>")

# helixsim_layer(engine DEPENDS units HEADERS task_graph.hpp SOURCES task_graph.cpp [PACKAGES Boost::headers])
function(helixsim_layer name)
  cmake_parse_arguments(arg "" "" "DEPENDS;HEADERS;SOURCES;PACKAGES" ${ARGN})
  set(target helixsim_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC helixsim_options)
  foreach(floor IN LISTS arg_DEPENDS)
    target_link_libraries(${target} PUBLIC helixsim_${floor})
  endforeach()
  foreach(package IN LISTS arg_PACKAGES)
    target_link_libraries(${target} PUBLIC ${package})
    get_target_property(includes ${package} INTERFACE_INCLUDE_DIRECTORIES)
    if(includes)
      target_include_directories(${target} SYSTEM PUBLIC ${includes})
    endif()
  endforeach()
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  list(JOIN arg_DEPENDS "," depends)
  set_property(GLOBAL APPEND PROPERTY HELIXSIM_LAYERS "${name}|${folder}|${depends}")
endfunction()

# The table that tools/check_layers.py compares #include lines with: one "name|folder|dependencies" a line.
function(helixsim_write_layers)
  get_property(layers GLOBAL PROPERTY HELIXSIM_LAYERS)
  list(JOIN layers "\n" text)
  file(WRITE "${PROJECT_BINARY_DIR}/layers.txt" "${text}\n")
endfunction()
