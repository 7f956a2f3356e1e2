#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/config/node.hpp"

namespace helixsim {

/// One `--set path=value`: keys joined by dots (list positions are numbers), a JSON value or a
/// plain text.
struct Override {
  std::string path;
  std::string value;
  std::string prefix = {};  ///< what the user typed in front of `path`, for messages
};

/// Splits "memory.bandwidth=9 TB/s"; throws ConfigError when there is no "=" or no path.
Override parse_override(std::string_view text);

/// The document with the overrides put in place. A path may add a key to an object (readers refuse
/// unknown keys), but its parents must exist; throws ConfigError otherwise, with the nearest key.
Node with_overrides(const Node& document, std::span<const Override> overrides);

}  // namespace helixsim
