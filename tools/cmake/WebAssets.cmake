# Files that travel inside the program: the page, its style and script, and the chart library that npm fetched.

# HELIXSIM_ECHARTS: the chart library's file, or empty when `npm ci` has not run in tools/web. The glob makes every
# build look for it again, and configure again when it has come or gone.
set(helixsim_echarts_file "${PROJECT_SOURCE_DIR}/tools/web/node_modules/echarts/dist/echarts.min.js")
file(GLOB HELIXSIM_ECHARTS CONFIGURE_DEPENDS "${helixsim_echarts_file}")
if(NOT HELIXSIM_ECHARTS)
  message(WARNING "ECharts is not at ${helixsim_echarts_file}: the program will write everything but the interactive "
    "report. Run `npm ci` in tools/web, or tools/run, and build again.")
endif()

# helixsim_embed(helixsim_report NAME page_css FILE web/report.css)
#
# Puts the file into the target, between two symbols in read-only data:
#   extern "C" const char helixsim_asset_page_css[];
#   extern "C" const char helixsim_asset_page_css_end[];
# A zero byte follows the end. An empty FILE gives an empty asset, so that code needs no #ifdef for what is absent.
function(helixsim_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;FILE" "")
  if(NOT arg_NAME MATCHES "^[A-Za-z0-9_]+$")
    message(FATAL_ERROR "helixsim_embed: NAME must be letters, digits and _, got \"${arg_NAME}\"")
  endif()
  set(symbol helixsim_asset_${arg_NAME})
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S")
  set(incbin "")
  if(arg_FILE)
    get_filename_component(file "${arg_FILE}" ABSOLUTE)
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "helixsim_embed: ${file} does not exist")
    endif()
    string(REGEX REPLACE "([\\\\\"])" "\\\\\\1" quoted "${file}")
    set(incbin "  .incbin \"${quoted}\"")
    set_source_files_properties("${source}" TARGET_DIRECTORY ${target} PROPERTIES OBJECT_DEPENDS "${file}")
  endif()
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
  .section .rodata.@symbol@, "a", %progbits
  .balign 16
  .global @symbol@
  .type @symbol@, %object
@symbol@:
@incbin@
  .global @symbol@_end
  .type @symbol@_end, %object
@symbol@_end:
  .byte 0
  .size @symbol@, @symbol@_end - @symbol@
  .size @symbol@_end, 1
  .section .note.GNU-stack, "", %progbits
]])
  target_sources(${target} PRIVATE "${source}")
endfunction()
