#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"
#include "sim/sweep/grid.hpp"
#include "sim/sweep/pareto.hpp"

namespace helixsim {

/// One simulated point in little memory: everything else is a pure function of it (see point_of).
struct Record {
  std::uint32_t layout = 0;  ///< index into Grid::layouts
  std::int32_t batch = 1;
  HopB hop_b;               ///< as asked
  std::int32_t chunks = 1;  ///< as run
  /// An earlier HOP-B mode of the same layout and batch ran the same schedule (no exchange to hide,
  /// or the best chunk count is 1). Frontiers and samples leave such a record out.
  bool repeats = false;
  std::int64_t ttl_ps = 0;
};

struct SearchCounts {
  long long simulated = 0;
  long long infeasible_weights = 0;
  long long infeasible_kv_cache = 0;
  long long invalid = 0;
  /// Feasible points that were left out because no frontier can hold them; empty when none was to
  /// be left out.
  std::optional<long long> pruned = std::nullopt;

  [[nodiscard]] long long infeasible() const { return infeasible_weights + infeasible_kv_cache; }
  /// Counts one point, which is simulated when it lacks nothing.
  void add(Shortage shortage);
  SearchCounts& operator+=(const SearchCounts& other);
};

/// All simulated points of one context, in order of layout, batch and HOP-B mode.
struct ContextResult {
  double context = 0.0;
  SearchCounts counts;
  std::vector<Record> records;
};

struct SearchResult {
  Grid grid;
  std::vector<ContextResult> contexts;
  bool interrupted = false;

  [[nodiscard]] SearchCounts counts() const;
};

Point point_of(const Grid& grid, double context, const Record& record);
/// The record as a frontier sees it.
ParetoPoint pareto_point(const Grid& grid, const Record& record);

/// Where every simulated and infeasible point goes, in the fixed order of the search, when it is
/// asked for.
struct PointStream {
  std::function<void(const Point&, const PointResult&, std::string& out)>
      format;                                   ///< on worker threads
  std::function<void(std::string_view)> write;  ///< one caller at a time, in order
};

struct SearchOptions {
  unsigned threads = 1;
  const PointStream* stream = nullptr;
  std::function<void(long long done, long long total)>
      progress;                             ///< points; now and then, from one thread at a time
  const std::atomic<bool>* stop = nullptr;  ///< ends the search early
  /// Leaves out points that cannot be on a strategy's frontier, hence on none. Not with a stream.
  bool prune = false;
};

/// Evaluates every point of a search space, or with `prune` every one that a frontier may hold. The
/// result does not depend on the number of threads.
/// Errors: ConfigError when the space is empty or larger than 10^8 points.
SearchResult run_search(const SearchSpace& space, const Setup& setup, const SearchOptions& options);

}  // namespace helixsim
