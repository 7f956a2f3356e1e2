#include <algorithm>

#include "hw_models/collectives/all_pairs.hpp"
#include "hw_models/collectives/registry.hpp"
#include "sim/engine/contract.hpp"

namespace helixsim {

/// Every pair exchanges its part at once through the switches; a port carries what the request says
/// it must.
AlgorithmVolume pairwise_all_to_all(const CollectiveRequest& request, const GroupShape& shape) {
  return all_pairs_volume(request.port_bytes, 1, shape);
}

/// With `target_share` s, each source sends s_t g/(g-1) port_bytes to t; with `source_share` s, a
/// source sends s g/(g-1) port_bytes to each other. All together send what they do when shares are
/// even. The volume stays that of even shares. A member without a share has no transfers.
void pairwise_all_to_all_transfers(const CollectiveRequest& request, const GroupPlacement& group,
                                   TransferList& out) {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  add_all_pairs(0, group.size, request.port_bytes / (group.size - 1), out);
  const bool by_target = !group.target_share.empty();
  const std::span<const double> shares = by_target ? group.target_share : group.source_share;
  if (shares.empty()) return;
  ensure(shares.size() == static_cast<std::size_t>(group.size), "every member has a share");
  for (auto each = out.begin() + begin; each != out.end(); ++each) {
    const int uneven = by_target ? each->target : each->source;
    each->bytes *= shares[static_cast<std::size_t>(uneven)] * group.size;
  }
  const auto is_empty = [](const Transfer& each) { return each.bytes == Bytes(); };
  out.erase(std::remove_if(out.begin() + begin, out.end(), is_empty), out.end());
}

}  // namespace helixsim
