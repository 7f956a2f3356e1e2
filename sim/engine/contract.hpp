#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace helixsim {

namespace contract_detail {

[[noreturn, gnu::cold, gnu::noinline]] inline void fail(std::string_view message,
                                                        std::string_view file, int line) {
  // The name alone, so that messages do not depend on the build folder.
  file.remove_prefix(file.rfind('/') + 1);
  throw std::logic_error(std::string(file) + ":" + std::to_string(line) + ": " +
                         std::string(message));
}

}  // namespace contract_detail

/// Checks a contract between parts of the program; wrong user input is a ConfigError instead.
/// `file` and `line` are the caller's: leave them alone. (std::source_location does not compile
/// with clang 14, whose clang-tidy checks this code.)
///
/// Errors: std::logic_error "file:line: message" when `condition` is false.
inline void ensure(bool condition, std::string_view message, const char* file = __builtin_FILE(),
                   int line = __builtin_LINE()) {
  if (!condition) [[unlikely]] {
    contract_detail::fail(message, file, line);
  }
}

}  // namespace helixsim
