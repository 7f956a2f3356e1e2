#include "hw_models/collectives/registry.hpp"

namespace helixsim {
namespace {

/// Every member sends `bytes` to the others of its domain.
void add_within_domains(int step, int members, int in_domain, Bytes bytes, TransferList& out) {
  for (int source = 0; source < members; ++source) {
    const int place = source % in_domain;
    for (int distance = 1; distance < in_domain; ++distance) {
      const int target = source - place + (place + distance) % in_domain;
      out.push_back({.step = step, .source = source, .target = target, .bytes = bytes});
    }
  }
}

/// Every member sends `bytes` to those at its place of the other domains.
void add_across_domains(int step, int members, int in_domain, Bytes bytes, TransferList& out) {
  for (int source = 0; source < members; ++source) {
    for (int distance = in_domain; distance < members; distance += in_domain) {
      const int target = (source + distance) % members;
      out.push_back({.step = step, .source = source, .target = target, .bytes = bytes});
    }
  }
}

}  // namespace

/// With m members in each of d domains: reduce-scatter within the domain, two-shot all-reduce of
/// the m-th between the members at the same place of each domain, all-gather within the domain.
/// Volume: 2 (m-1)/m payload over NVLink, 2 (d-1)/d payload/m over the NIC; four rounds.
AlgorithmVolume hierarchical_all_reduce(const CollectiveRequest& request, const GroupShape& shape) {
  const double m = shape.most;
  const double d = shape.domains;
  const Bytes nvlink = request.payload * (2.0 * (m - 1.0) / m);
  const Bytes nic = request.payload * (2.0 * (d - 1.0) / (d * m));
  return {.sent = nvlink + nic,
          .steps = 4,
          .nvlink = nvlink,
          .nic = nic,
          .nic_steps = 2,
          .takes_turns = true};
}

void hierarchical_all_reduce_transfers(const CollectiveRequest& request,
                                       const GroupPlacement& group, TransferList& out) {
  const GroupShape shape = group.shape();
  const Bytes shard = request.payload / shape.most;
  const Bytes part = shard / shape.domains;
  add_within_domains(0, group.size, shape.most, shard, out);
  add_across_domains(1, group.size, shape.most, part, out);
  add_across_domains(2, group.size, shape.most, part, out);
  add_within_domains(3, group.size, shape.most, shard, out);
}

}  // namespace helixsim
