#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/calibration/record.hpp"

namespace helixsim {

/// Mode of a cell that is launched alone in its graph, after L2 was filled with something else:
/// what a kernel takes that stands between others of another kind.
inline constexpr const char* kIsolated = "isolated";

/// Something to measure: a kernel at one shape.
struct Cell {
  CellKey key;
  double bytes = 0.0;  ///< least that must move
  double flops = 0.0;
  double footprint = 0.0;  ///< bytes of one set of buffers
  /// How much knowing it tells, relative to others: cells are measured in falling order of it, so
  /// that a run that is cut off has what matters most.
  double information = 1.0;
  bool standin = false;
  bool with_gap = false;  ///< what a launch costs is the point: nothing is taken off
  int reps = 0;           ///< in a graph; 0: as many as leave L2 cold
};

/// A cell whose kernel has been set up with buffers of its own: random numbers, distinct in each of
/// its sets, as many sets as keep L2 from helping.
class PreparedCell {
 public:
  virtual ~PreparedCell() = default;
  /// Runs the kernel once on poisoned outputs and compares with its plain twin.
  virtual CheckResult check() = 0;
  /// Seconds of one launch of the graph that holds `reps()` repetitions.
  virtual double launch() = 0;
  [[nodiscard]] virtual int reps() const = 0;
};

/// Why a cell could not be prepared.
struct NotPrepared {
  std::string why;
  bool for_memory = false;  ///< other cells may hold what it needs
};

/// A GPU to measure on. Tests have one that is a formula.
class GpuBench {
 public:
  virtual ~GpuBench() = default;
  [[nodiscard]] virtual GpuFacts facts() const = 0;
  [[nodiscard]] virtual std::map<std::string, std::string> software() const = 0;
  /// Null, with the reason, when the GPU cannot run the cell.
  virtual std::unique_ptr<PreparedCell> prepare(const Cell& cell, NotPrepared& reason) = 0;
  /// Seconds of one repetition in a graph of empty kernels.
  virtual double empty_repetition() = 0;
  virtual Clocks clocks() = 0;
  /// Seconds since some moment, for budgets.
  virtual double now() = 0;
  virtual std::string utc() = 0;
};

}  // namespace helixsim
