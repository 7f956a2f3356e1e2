#include "sim/report/trace/name_table.hpp"

namespace helixsim {

NameId NameTable::intern(std::string_view name) {
  const auto [entry, is_new] = ids_.try_emplace(std::string(name), static_cast<NameId>(size()));
  if (is_new) names_.emplace_back(name);
  return entry->second;
}

}  // namespace helixsim
