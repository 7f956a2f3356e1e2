#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tools/calibrate/harness/gpu_bench.hpp"

namespace helixsim {

struct SessionOptions {
  double budget_seconds = 600.0;
  int passes = 5;    ///< over the cells of a group, one after the other, so that drift is spread
  int samples = 30;  ///< graph launches of a cell, over all passes
  int group = 8;     ///< cells that are interleaved; as many sets of buffers are held
  double most_drift = 0.02;         ///< of the read stream, beyond which a group is suspect
  double most_clock_drop = 0.03;    ///< of the SM clock below the session's median
  std::set<std::string> done = {};  ///< texts of keys that are measured already
  std::function<void(const MeasuredRecord&)> record = {};
  /// Before a cell is run: the record of a failed check, which is its own if it never comes back.
  std::function<void(const MeasuredRecord&)> begins = {};
  /// Cells that are behind, all cells, seconds left of the budget or of the cells, whichever is
  /// less.
  std::function<void(int, int, double)> progress = {};
  const std::atomic<bool>* stop = nullptr;
};

/// A cell that gave no record, and why.
struct LeftOut {
  std::string cell;
  std::string why;
};

struct SessionResult {
  int measured = 0;
  int known = 0;          ///< were measured already
  int failed_checks = 0;  ///< their records say so, and none is timed
  int suspect = 0;
  int not_reached = 0;            ///< for want of time, or stopped
  std::vector<LeftOut> left_out;  ///< the GPU cannot run them
};

/// Measures cells in falling order of information within a budget: first the read stream (the cell
/// `ceiling`), then groups of cells in turns, after each group the read stream again. A group
/// during which the stream or the SM clock moved is marked suspect and kept.
SessionResult measure_cells(GpuBench& bench, const Cell& ceiling, std::span<const Cell> cells,
                            const SessionOptions& options);

}  // namespace helixsim
