#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hw_models/system.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// How well laws predict what lies apart from all that they were fitted to.
struct StructuralCheck {
  std::string check;  ///< "unseen (n, k)", "longer context", "larger batch", "transfer to SYSTEM"
  std::string op;
  std::string dtype;
  long long rows = 0;         ///< scored; none of them was seen by the fit
  long long unpredicted = 0;  ///< measured, but no law is for them
  double law_median_percent = 0.0;
  double law_p90_percent = 0.0;
  double median_percent = 0.0;  ///< of law and residuals
  double p90_percent = 0.0;
};

struct StructuralOptions {
  std::string only = {};  ///< name of an op; empty: all
  int threads = 1;
  /// Called after each fit, from one thread at a time.
  std::function<void(long long done, long long total)> progress = {};
};

/// Fits choices, parameters and residuals to a part of the measurements and scores the others:
///
///     unseen (n, k)   GEMM: five folds by a hash of (n, k); each fold by a fit to the other four
///     longer context  attention without a window: fitted to 65,536 tokens, scored beyond
///     larger batch    attention without a window and MLA: fitted to batch 64, scored beyond
///
/// The same for any number of threads.
std::vector<StructuralCheck> structural_checks(const MeasuredRows& rows,
                                               const StructuralOptions& options);

/// Scores laws of GEMM, attention, MLA and MoE on rows of a system that they were not fitted to.
std::vector<StructuralCheck> transfer_checks(const FittedLaws& moved, const MeasuredRows& rows,
                                             const std::string& only);

}  // namespace helixsim
