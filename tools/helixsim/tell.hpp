#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace helixsim {

/// Prints to stderr: errors, warnings, progress. Text that cannot be written there is lost; the
/// exit status says the rest.
template <typename... Args>
void tell(fmt::format_string<Args...> format, Args&&... args) {
  std::fputs(fmt::format(format, std::forward<Args>(args)...).c_str(), stderr);
}

}  // namespace helixsim
