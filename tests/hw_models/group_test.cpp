#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "hw_models/group.hpp"
#include "tests/support/random.hpp"

using namespace helixsim;

TEST_CASE("groups of a stride take every stride-th rank of their block", "[hw_models][group]") {
  const Group group{.size = 3, .stride = 2, .ranks = 12};
  CHECK(members_of(0, group) == std::vector<int>{0, 2, 4});
  CHECK(members_of(7, group) == std::vector<int>{7, 9, 11});
  CHECK(group_of(9, group).first == 7);
  CHECK(group_of(9, group).position == 1);
}

TEST_CASE("groups partition their ranks", "[hw_models][group]") {
  const auto seed = GENERATE(range(0U, 40U));
  CAPTURE(seed);
  Random random(seed);
  Group group{.size = random.between(1, 9), .stride = random.between(1, 9)};
  group.ranks = group.block() * random.between(1, 4);
  std::set<int> firsts;
  for (int rank = 0; rank < group.ranks; ++rank) {
    const GroupMember place = group_of(rank, group);
    firsts.insert(place.first);
    const auto members = members_of(place.first, group);
    CHECK(members[static_cast<std::size_t>(place.position)] == rank);
    CHECK(members.back() < group.ranks);
    CHECK(group_of(place.first, group).position == 0);
  }
  CHECK(static_cast<int>(firsts.size()) * group.size == group.ranks);
}

TEST_CASE("the shape of a group counts its members in each domain", "[hw_models][group]") {
  // GPUs 2, 5, 8, 11, 14 in domains of 8: three, and two of the next.
  const GroupPlacement group{.first = 2, .size = 5, .stride = 3, .domain_gpus = 8};
  CHECK(group.gpu(4) == 14);
  CHECK(group.domain(1) == 0);
  CHECK(group.domain(2) == 1);
  CHECK(group.shape().domains == 2);
  CHECK(group.shape().fewest == 2);
  CHECK(group.shape().most == 3);
  CHECK_FALSE(GroupPlacement{.first = 8, .size = 8, .domain_gpus = 8}.shape().spans_domains());
}
