#pragma once

#include <cstdint>

#include "sim/report/trace/trace.hpp"

namespace helixsim {

/// The pid under which viewers show a process. It ends in the process's own number, so that GPU 12
/// reads "GPU 12 (pid 1012)" and never "GPU 12 (pid 13)"; it is not the number itself because pid 0
/// is the idle process of a real machine and is hidden by Perfetto.
constexpr std::uint32_t process_number(ProcessId process) {
  return 1000 + process;
}

}  // namespace helixsim
