#include "hw_models/collectives/registry.hpp"

#include <algorithm>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

bool anywhere(const FabricSpec&) {
  return true;
}
bool with_reducing_switches(const FabricSpec& fabric) {
  return fabric.in_switch_reduction;
}
bool with_several_domains(const FabricSpec& fabric) {
  return fabric.domains > 1;
}

constexpr bool (*kAnyGroup)(const GroupShape&) = nullptr;
bool within_a_domain(const GroupShape& shape) {
  return !shape.spans_domains();
}
/// With one member a domain there is nothing to do within it: that is two_shot.
bool evenly_over_domains(const GroupShape& shape) {
  return shape.spans_domains() && shape.fewest == shape.most && shape.most > 1;
}

constexpr auto kAllReduce = CollectiveKind::AllReduce;
constexpr CollectiveAlgorithm kTable[] = {
    {"in_switch", kAllReduce, with_reducing_switches, "switches that reduce", within_a_domain,
     in_switch_all_reduce, in_switch_all_reduce_transfers},
    {"two_shot", kAllReduce, anywhere, "", kAnyGroup, two_shot_all_reduce,
     two_shot_all_reduce_transfers},
    {"ring", kAllReduce, anywhere, "", kAnyGroup, ring_all_reduce, ring_all_reduce_transfers},
    {"one_shot", kAllReduce, anywhere, "", kAnyGroup, one_shot_all_reduce,
     one_shot_all_reduce_transfers},
    {"hierarchical", kAllReduce, with_several_domains, "several NVL domains", evenly_over_domains,
     hierarchical_all_reduce, hierarchical_all_reduce_transfers},
    {"direct", CollectiveKind::AllGather, anywhere, "", kAnyGroup, direct_all_gather,
     direct_all_gather_transfers},
    {"direct", CollectiveKind::ReduceScatter, anywhere, "", kAnyGroup, direct_reduce_scatter,
     direct_reduce_scatter_transfers},
    {"pairwise", CollectiveKind::AllToAll, anywhere, "", kAnyGroup, pairwise_all_to_all,
     pairwise_all_to_all_transfers},
    {"point_to_point", CollectiveKind::PointToPoint, anywhere, "", kAnyGroup, point_to_point,
     point_to_point_transfers},
};

}  // namespace

std::span<const CollectiveAlgorithm> collective_algorithms() {
  return kTable;
}

const CollectiveAlgorithm& collective_algorithm(CollectiveKind kind, std::string_view name) {
  const auto* row = std::find_if(
      std::begin(kTable), std::end(kTable),
      [&](const CollectiveAlgorithm& each) { return each.kind == kind && each.name == name; });
  ensure(row != std::end(kTable), "a collective algorithm is asked for by kind and name");
  return *row;
}

std::vector<std::string> all_reduce_choices() {
  std::vector<std::string> names{"auto"};
  for (const CollectiveAlgorithm& row : kTable) {
    if (row.kind == CollectiveKind::AllReduce) names.emplace_back(row.name);
  }
  return names;
}

}  // namespace helixsim
