#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sim/decode/ttl_bound.hpp"
#include "sim/sweep/pareto.hpp"
#include "sim/sweep/search.hpp"
#include "sim/sweep/search_space.hpp"

namespace helixsim {

/// Which points a search may leave out without changing a frontier.
///
/// A search goes over all layouts in rounds: a few batches, then more between them, then the rest.
/// After each round every strategy has a front of the points so far. A point is left out when the
/// front of its own strategy dominates even a point with TtlBound for its TTL: then it dominates
/// the point too, on the strategy's frontier and on that of every set of strategies that holds it.
/// Who is left out depends on earlier rounds alone, so not on the number of threads.
class Pruning {
 public:
  Pruning(const SearchSpace& space, const Setup& setup, const Grid& grid);

  static int rounds();
  /// The round of each batch of the search space for layouts of this dp.
  [[nodiscard]] const std::vector<std::uint8_t>& rounds_of(int dp) const { return rounds_.at(dp); }

  /// Makes the bound of a layout. Different layouts may be prepared at the same time.
  void prepare(std::size_t layout, StepOperations& scratch);
  /// All points of a batch, whatever their HOP-B mode: it costs little once one mode is known.
  /// Contract: they are feasible and of this layout, which is prepared.
  [[nodiscard]] bool can_leave_out(std::size_t context, std::size_t layout, int batch) const;

  /// Between rounds: the records of a layout at a context that the last round added, then settle().
  void add(std::size_t context, std::span<const Record> records);
  void settle();

 private:
  [[nodiscard]] std::size_t front_of(std::size_t context, std::size_t layout) const;

  const SearchSpace* space_;
  std::shared_ptr<const Setup> setup_;  // with hardware that bounds wants
  const Grid* grid_;
  std::map<int, std::vector<std::uint8_t>> rounds_;  // by dp
  std::vector<std::optional<TtlBound>> bounds_;      // by layout
  std::vector<std::size_t> strategy_of_layout_;      // index into space_->strategies
  std::vector<ParetoFront> fronts_;                  // by context, then strategy
};

}  // namespace helixsim
