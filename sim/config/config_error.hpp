#pragma once

#include <stdexcept>

namespace helixsim {

/// Wrong input from the user: a file, a flag or a combination. The text is one complete line, ready
/// to print; programs end with status 2.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace helixsim
