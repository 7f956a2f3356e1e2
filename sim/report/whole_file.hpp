#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string_view>

namespace helixsim {

/// Writes a file that appears whole or not at all: it is written beside its place and moved there
/// at the end, so that an earlier file stays when something fails. A link to a file stays a link.
///
/// Errors: ConfigError that begins with `flag`, the option that named the file, when it cannot be
/// written; whatever `write` throws.
void write_whole_file(const std::filesystem::path& path, std::string_view flag,
                      const std::function<void(std::ostream&)>& write);

}  // namespace helixsim
