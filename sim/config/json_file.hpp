#pragma once

#include <filesystem>

#include "sim/config/node.hpp"

namespace helixsim {

/// Reads a JSON file (comments allowed). Refuses, with a ConfigError that names the file and where
/// possible line and column: a file that cannot be read or is larger than 64 MiB, bad JSON, a
/// truncated file, duplicate keys, and nesting deeper than 64.
Node read_json_file(const std::filesystem::path& path);

/// The same checks on a text; `name` is what messages call it.
Node parse_json(std::string_view text, const std::string& name);

}  // namespace helixsim
