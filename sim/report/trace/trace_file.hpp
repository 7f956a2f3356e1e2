#pragma once

#include <filesystem>

#include "sim/report/trace/trace.hpp"

namespace helixsim {

/// Writes the trace in the format of the path's extension. The file appears whole or not at all:
/// it is written beside its place and moved there at the end, so that an earlier file stays when
/// something fails.
///
/// Errors: ConfigError for an unknown extension and when the file cannot be written.
void write_trace_file(const Trace& trace, const std::filesystem::path& path);

}  // namespace helixsim
