#include "hw_models/collectives/registry.hpp"

namespace helixsim {
namespace {

bool anywhere(const FabricSpec&) {
  return true;
}
bool with_reducing_switches(const FabricSpec& fabric) {
  return fabric.in_switch_reduction;
}

constexpr CollectiveAlgorithm kTable[] = {
    {"in_switch", CollectiveKind::AllReduce, with_reducing_switches, in_switch_all_reduce},
    {"two_shot", CollectiveKind::AllReduce, anywhere, two_shot_all_reduce},
    {"ring", CollectiveKind::AllReduce, anywhere, ring_all_reduce},
    {"direct", CollectiveKind::AllGather, anywhere, direct_all_gather},
    {"direct", CollectiveKind::ReduceScatter, anywhere, direct_reduce_scatter},
    {"pairwise", CollectiveKind::AllToAll, anywhere, pairwise_all_to_all},
    {"point_to_point", CollectiveKind::PointToPoint, anywhere, point_to_point},
};

}  // namespace

std::span<const CollectiveAlgorithm> collective_algorithms() {
  return kTable;
}

std::vector<std::string> all_reduce_choices() {
  std::vector<std::string> names{"auto"};
  for (const CollectiveAlgorithm& row : kTable) {
    if (row.kind == CollectiveKind::AllReduce) names.emplace_back(row.name);
  }
  return names;
}

}  // namespace helixsim
