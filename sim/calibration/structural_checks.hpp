#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hw_models/system.hpp"
#include "hw_models/time_error.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// How well laws predict what lies apart from all that they were fitted to.
struct StructuralCheck {
  /// "unseen (n, k)", "longer context", "larger batch", "transfer to SYSTEM", "transfer to SYSTEM,
  /// N measured there"
  std::string check;
  std::string op;
  std::string dtype;
  long long rows = 0;         ///< scored; none of them was seen by the fit
  long long unpredicted = 0;  ///< measured, but no law is for them
  double law_median_percent = 0.0;
  double law_p90_percent = 0.0;
  double median_percent = 0.0;  ///< of law and residuals
  double p90_percent = 0.0;
  /// Of a transfer: part of the rows whose time lies in the 90 % interval of its prediction; below
  /// 0 for any other check.
  double inside_percent = -1.0;
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

struct TransferCheckOptions {
  std::string only = {};    ///< name of an op; empty: all
  std::size_t anchors = 0;  ///< measurements of each family that the laws are refitted to
  /// Of the fidelity whose intervals are judged; none: no interval is.
  std::optional<ErrorRules> rules = {};
  int threads = 1;
  /// Called after each family, from one thread at a time.
  std::function<void(long long done, long long total)> progress = {};
};

/// Scores laws of GEMM, attention, MLA and MoE on rows of a system that they were not fitted to,
/// but for the anchors, which are not scored. The same for any number of threads.
std::vector<StructuralCheck> transfer_checks(const FittedLaws& moved, const MeasuredRows& rows,
                                             const TransferCheckOptions& options);

}  // namespace helixsim
