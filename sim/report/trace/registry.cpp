#include "sim/report/trace/registry.hpp"

#include <algorithm>
#include <string>

#include "sim/config/config_error.hpp"
#include "sim/report/trace/chrome_trace.hpp"
#include "sim/report/trace/perfetto_trace.hpp"

namespace helixsim {

std::span<const TraceFormat> trace_formats() {
  static constexpr TraceFormat kTable[] = {
      {".json", "chrome", "Chrome trace events: chrome://tracing, speedscope, Perfetto, scripts",
       write_chrome_trace},
      {".pftrace", "perfetto", "Perfetto's own format: ui.perfetto.dev, trace_processor",
       write_perfetto_trace},
      {".perfetto-trace", "perfetto", "the same under its other extension", write_perfetto_trace},
  };
  return kTable;
}

std::string trace_extensions() {
  std::string all;
  for (const TraceFormat& format : trace_formats()) {
    if (!all.empty()) all += ", ";
    all += format.extension;
  }
  return all;
}

const TraceFormat& trace_format_for(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  const auto formats = trace_formats();
  const auto found = std::find_if(formats.begin(), formats.end(), [&](const TraceFormat& format) {
    return format.extension == extension;
  });
  if (found != formats.end()) return *found;
  throw ConfigError("--trace: " + path.string() + ": expected a name that ends in one of " +
                    trace_extensions());
}

}  // namespace helixsim
