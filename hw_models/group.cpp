#include "hw_models/group.hpp"

#include <algorithm>

namespace helixsim {

std::vector<int> members_of(int first, const Group& group) {
  std::vector<int> members(static_cast<std::size_t>(group.size));
  for (int& rank : members) {
    rank = first;
    first += group.stride;
  }
  return members;
}

GroupShape GroupPlacement::shape() const {
  GroupShape shape{.size = size, .domains = 0, .fewest = size, .most = 0};
  // Positions rise with GPUs, so the members of one domain are neighbours.
  for (int begin = 0, end = 0; begin < size; begin = end) {
    while (end < size && domain(end) == domain(begin)) ++end;
    ++shape.domains;
    shape.fewest = std::min(shape.fewest, end - begin);
    shape.most = std::max(shape.most, end - begin);
  }
  return shape;
}

}  // namespace helixsim
