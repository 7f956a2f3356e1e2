#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string_view>
#include <vector>

#include "tests/parallel/step_case.hpp"

using namespace helixsim;

namespace {

/// A rank's indices within its stage.
struct Place {
  int tpa;
  int kvp;
  int dp;
  int tpf;
  int ep;
};

Place place_of(int rank, const Layout& layout) {
  const int in_stage = rank % layout.stage_gpus();
  const int ffn = in_stage % (layout.tpf * layout.ep);
  return {.tpa = in_stage % layout.tpa,
          .kvp = in_stage / layout.tpa % layout.kvp,
          .dp = in_stage / (layout.tpa * layout.kvp),
          .tpf = ffn % layout.tpf,
          .ep = ffn / layout.tpf};
}

/// Which indices the members of a collective's group share.
using Same = bool (*)(const Place& a, const Place& b);
bool same_requests(const Place& a, const Place& b) {
  return a.dp == b.dp;
}
bool same_shard_of_heads(const Place& a, const Place& b) {
  return a.tpa == b.tpa && a.dp == b.dp;
}
bool same_expert_rank(const Place& a, const Place& b) {
  return a.ep == b.ep;
}
bool same_shard_of_experts(const Place& a, const Place& b) {
  return a.tpf == b.tpf;
}

const std::map<std::string_view, Same>& same_by_name() {
  static const std::map<std::string_view, Same> kSame{
      {"kvp_all_to_all", same_shard_of_heads},
      {"kvp_all_gather", same_shard_of_heads},
      {"query_all_gather", same_shard_of_heads},
      {"lse_all_gather", same_shard_of_heads},
      {"output_reduce_scatter", same_shard_of_heads},
      {"attn_all_reduce", same_requests},
      {"moe_dispatch", same_shard_of_experts},
      {"moe_combine", same_shard_of_experts},
      {"moe_expert_all_gather", same_shard_of_experts},
      {"expert_all_reduce", same_expert_rank},
      {"moe_all_gather", same_requests}};
  return kSame;
}

std::vector<Operation> collectives_of(const StepCase& c) {
  std::vector<Operation> found;
  for (const OperationList& block : c.blocks()) {
    for (const Operation& op : block) {
      if (op.kind == OperationKind::Collective) found.push_back(op);
    }
  }
  return found;
}

/// A random step of every strategy by turns, on one pipeline stage or three.
StepCase step_of(std::uint32_t seed) {
  Random random(seed);
  const auto rows = strategies();
  StepCase c = random_step(rows[seed % rows.size()], random);
  if (random.coin()) c.layout.pp = 3;
  return c;
}

constexpr unsigned kSeeds = 80;

}  // namespace

TEST_CASE("the groups of every collective partition the ranks of each stage",
          "[parallel][conformance][groups]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout));
  for (const Operation& op : collectives_of(c)) {
    CAPTURE(op.name);
    const Group group = op.collective.members();
    CHECK(group.ranks == c.layout.gpus());
    REQUIRE(c.layout.stage_gpus() % group.block() == 0);
    std::vector<int> seen(static_cast<std::size_t>(group.ranks));
    for (int rank = 0; rank < group.ranks; ++rank) {
      const GroupMember place = group_of(rank, group);
      const auto members = members_of(place.first, group);
      REQUIRE(static_cast<int>(members.size()) == group.size);
      CHECK(members[static_cast<std::size_t>(place.position)] == rank);
      const int stage = c.layout.stage_gpus();
      CHECK(members.front() / stage == members.back() / stage);
      if (place.position != 0) continue;
      for (const int member : members) ++seen[static_cast<std::size_t>(member)];
    }
    CHECK(std::count(seen.begin(), seen.end(), 1) == group.ranks);
  }
}

TEST_CASE("members of a group share what the collective does not split",
          "[parallel][conformance][groups]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const StepCase c = step_of(seed);
  CAPTURE(seed, c.entry->name, c.model.name, to_text(c.layout));
  for (const Operation& op : collectives_of(c)) {
    CAPTURE(op.name);
    const Group group = op.collective.members();
    const auto rule = same_by_name().find(op.name);
    if (rule == same_by_name().end()) {
      // Over the whole stage, or over the TPA group where W_O and FFN are TPA wide.
      CHECK(group.stride == 1);
      CHECK((group.size == c.layout.stage_gpus() || group.size == c.layout.tpa));
      continue;
    }
    for (int rank = 0; rank < c.layout.stage_gpus(); ++rank) {
      const int first = group_of(rank, group).first;
      CHECK(rule->second(place_of(rank, c.layout), place_of(first, c.layout)));
    }
  }
}

TEST_CASE("strides follow the order of ranks in a stage", "[parallel][groups]") {
  const Layout layout{.tpa = 2, .kvp = 4, .dp = 3, .tpf = 6, .ep = 4, .pp = 2};
  CHECK(layout.tpa_group().stride == 1);
  CHECK(layout.kvp_group().stride == 2);
  CHECK(layout.dp_group().stride == 8);
  CHECK(layout.tpf_group().stride == 1);
  CHECK(layout.ep_group().stride == 6);
  CHECK(layout.stage_group().size == 24);
  CHECK(layout.hop_group().stride == 24);
  CHECK(layout.hop_group().size == 2);
  CHECK(layout.kvp_group().ranks == 48);
  CHECK(members_of(9, layout.kvp_group()) == std::vector<int>{9, 11, 13, 15});
}
