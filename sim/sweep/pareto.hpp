#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace helixsim {

/// A point as the frontier sees it. `ttl_ps` stands for interactivity (smaller is better, compared
/// exactly).
struct ParetoPoint {
  std::int64_t ttl_ps = 0;
  double throughput = 0.0;  ///< tokens/s/GPU
};

/// Collects the points that no other point dominates: at least as good on both axes and better on
/// one. Ties are kept. Most points of a search are dominated, so one costs a binary search in what
/// has been collected; the others wait and are sorted in together.
class ParetoFront {
 public:
  void add(const ParetoPoint& point, std::size_t index);
  /// Whether a point that has been settled dominates `point`.
  [[nodiscard]] bool dominates(const ParetoPoint& point) const;
  /// Sorts in what waits.
  void settle();
  /// Settles. Order: falling interactivity, equal points in order of index.
  std::vector<std::size_t> indices();

 private:
  struct Member {
    ParetoPoint point;
    std::size_t index = 0;
  };

  std::vector<Member> members_;  // rising in both coordinates, equal points by index
  std::vector<Member> waiting_;
};

/// Indices of the points that no other point dominates, in the order of ParetoFront.
std::vector<std::size_t> pareto_frontier(std::span<const ParetoPoint> points);

}  // namespace helixsim
