#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace helixsim {

/// The candidate nearest to `name` by edit distance (swaps count once); empty when none is near
/// enough to be meant.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// `; did you mean "bandwidth"?` when a candidate is near, else `; expected one of a, b, c`.
std::string suggestion(std::string_view name, std::span<const std::string> candidates);

/// The names of a registry table, in its order.
template <typename Row>
std::vector<std::string> names_of(std::span<const Row> rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.emplace_back(row.name);
  return names;
}

}  // namespace helixsim
