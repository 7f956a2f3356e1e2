#include "sim/report/trace/trace_file.hpp"

#include "sim/report/trace/registry.hpp"
#include "sim/report/whole_file.hpp"

namespace helixsim {

void write_trace_file(const Trace& trace, const std::filesystem::path& path) {
  const TraceFormat& format = trace_format_for(path);
  write_whole_file(path, "--trace", [&](std::ostream& out) { format.write(trace, out); });
}

}  // namespace helixsim
