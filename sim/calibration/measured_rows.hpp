#pragma once

#include <string>
#include <vector>

#include "hw_models/laws/fitted_laws.hpp"

namespace helixsim {

/// A shape and how long it took, in seconds.
template <class Law>
struct MeasuredShape {
  typename Law::Shape shape;
  double seconds = 0.0;
};

/// A discrete choice of a law and what it may be, the likeliest first.
template <class Law>
struct ChoiceRange {
  int Law::*value;
  std::vector<int> range;
};

/// An upper bound that the data sheet gives, below the one of the law's table.
template <class Law>
struct Ceiling {
  double Law::*value;
  double most;
};

/// One axis of a grid of residuals: given nodes, or those of the measurements that are at least
/// `gap` doublings apart.
struct AxisPlan {
  std::size_t coordinate = 0;
  double gap = 0.5;
  double smoothness = 0.1;         ///< how strongly neighbours are held alike, in measurements
  std::vector<double> nodes = {};  ///< logarithms to base 2
};

/// How a law is fitted to a kernel family.
template <class Law>
struct LawPlan {
  Law start;
  std::vector<Law> other_starts = {};  ///< tried beside `start`, where fits end in several valleys
  std::vector<Ceiling<Law>> ceilings = {};
  std::vector<ChoiceRange<Law>> choices = {};
  std::vector<std::vector<AxisPlan>> grids = {};  ///< tables of residuals, whose factors multiply
  bool tune_smoothness = false;  ///< of the grids, from what is given on: with_best_smoothness
};

/// What a kernel family is called in reports.
struct FamilyLabel {
  std::string op;      ///< the table's name, such as "gemm"
  std::string dtype;   ///< as the table writes it
  std::string kernel;  ///< what else sets it apart; may be empty
};

template <class Law>
struct MeasuredFamily {
  FamilyLabel label;
  std::string source;
  LawPlan<Law> plan;
  std::vector<MeasuredShape<Law>> rows;
};

/// One row of a table of whole MLA blocks.
struct ModuleRow {
  double batch = 1;
  double cached_tokens = 1;
  double local_heads = 1;
  double seconds = 0.0;
};

/// Rows of one model and precision.
struct ModuleRows {
  std::string gemm_dtype;
  std::string kv_dtype;
  std::vector<ModuleRow> rows;
};

/// Rows that no law is for.
struct UnpredictedRows {
  FamilyLabel label;
  std::string reason;
  long long rows = 0;
};

/// The tables of one system.
struct MeasuredRows {
  ByLaw<MeasuredFamily> families;
  std::vector<ModuleRows> modules;
  std::vector<UnpredictedRows> unpredicted;
};

}  // namespace helixsim
