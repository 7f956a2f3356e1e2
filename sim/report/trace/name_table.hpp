#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace helixsim {

using NameId = std::uint32_t;

/// The empty name, which every table holds.
inline constexpr NameId kNoName = 0;

/// Texts kept once each: a trace of millions of slices has a few hundred different names.
class NameTable {
 public:
  NameTable() { intern(""); }

  /// The id of `name`; ids count up from 0 in order of first use.
  NameId intern(std::string_view name);

  const std::string& operator[](NameId id) const { return names_[id]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, NameId> ids_;
};

}  // namespace helixsim
