#pragma once

#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "sim/report/trace/trace.hpp"

namespace helixsim {

struct TraceFormat {
  std::string_view extension;
  std::string_view name;
  std::string_view summary;
  void (*write)(const Trace& trace, std::ostream& out);
};

/// Every trace format, told by the extension of the file's name.
std::span<const TraceFormat> trace_formats();

/// The extensions in the order of the table, such as ".json, .pftrace", for help and messages.
std::string trace_extensions();

/// Errors: ConfigError that names every extension when the path has none of them.
const TraceFormat& trace_format_for(const std::filesystem::path& path);

}  // namespace helixsim
