#include "sim/sweep/pareto.hpp"

#include <algorithm>

namespace helixsim {
namespace {

constexpr std::size_t kFewestToSettle = 64;

}  // namespace

bool ParetoFront::dominates(const ParetoPoint& point) const {
  // Of the members that are at least as fast, the last one has the largest throughput.
  const auto next = std::upper_bound(
      members_.begin(), members_.end(), point.ttl_ps,
      [](std::int64_t ttl_ps, const Member& member) { return ttl_ps < member.point.ttl_ps; });
  if (next == members_.begin()) return false;
  const ParetoPoint& best = (next - 1)->point;
  if (best.throughput != point.throughput) return best.throughput > point.throughput;
  return best.ttl_ps < point.ttl_ps;
}

void ParetoFront::add(const ParetoPoint& point, std::size_t index) {
  if (dominates(point)) return;
  waiting_.push_back({point, index});
  if (waiting_.size() >= std::max(kFewestToSettle, members_.size())) settle();
}

void ParetoFront::settle() {
  if (waiting_.empty()) return;
  waiting_.insert(waiting_.end(), members_.begin(), members_.end());
  std::sort(waiting_.begin(), waiting_.end(), [](const Member& a, const Member& b) {
    if (a.point.ttl_ps != b.point.ttl_ps) return a.point.ttl_ps < b.point.ttl_ps;
    if (a.point.throughput != b.point.throughput) return a.point.throughput > b.point.throughput;
    return a.index < b.index;
  });
  members_.clear();
  for (const Member& candidate : waiting_) {
    const bool first = members_.empty();
    const ParetoPoint& last = first ? candidate.point : members_.back().point;
    const bool better = candidate.point.throughput > last.throughput;
    const bool tie =
        candidate.point.throughput == last.throughput && candidate.point.ttl_ps == last.ttl_ps;
    if (first || better || tie) members_.push_back(candidate);
  }
  waiting_.clear();
}

std::vector<std::size_t> ParetoFront::indices() {
  settle();
  std::vector<std::size_t> found;
  found.reserve(members_.size());
  for (const Member& member : members_) found.push_back(member.index);
  return found;
}

std::vector<std::size_t> pareto_frontier(std::span<const ParetoPoint> points) {
  ParetoFront front;
  for (std::size_t i = 0; i < points.size(); ++i) front.add(points[i], i);
  return front.indices();
}

}  // namespace helixsim
