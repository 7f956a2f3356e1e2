#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tools/calibrate/harness/gpu_bench.hpp"

namespace helixsim {

/// What one kernel is measured at on a GPU.
struct PlanEntry {
  std::string_view kernel;
  std::string_view text;  ///< for people: what it tells
  double weight;          ///< of its first cell, among those of other kernels
  /// In a sensible order of shapes; information is given to them by `calibration_cells`.
  std::vector<Cell> (*cells)(const GpuFacts& gpu);
};
std::span<const PlanEntry> plan_entries();

/// The read stream of 4 GB that every session begins with and comes back to.
Cell ceiling_cell(const GpuFacts& gpu);

/// Cells of all kernels, or of those named. The information of a kernel's cells falls as its weight
/// over 1, 2, 3, ...: first the ends of its list, then the middle, then between, so that a run that
/// is cut off has all kernels and all of their range, coarsely.
std::vector<Cell> calibration_cells(const GpuFacts& gpu, std::span<const std::string> kernels = {});

/// A minute's worth: the first few of each kernel.
std::vector<Cell> anchor_cells(const GpuFacts& gpu);

/// Places 0 .. count - 1 so that every beginning of the list is spread over all of it: the ends
/// first, then halves, quarters, ...
std::vector<std::size_t> spread_order(std::size_t count);

}  // namespace helixsim
