#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hw_models/system.hpp"
#include "sim/calibration/held_out_row.hpp"
#include "sim/calibration/identifiability.hpp"

namespace helixsim {

/// A parameter of a fitted law, as files write it.
struct StudiedParameter {
  std::string name;
  std::string unit;
  double scale = 1.0;  ///< of one unit, in base units
  double value = 0.0;  ///< in base units, as the intervals of Identifiability
};

/// What a fit knows of one kernel family beyond what its laws file holds.
struct FamilyStudy {
  std::string family;  ///< such as "gemm/nvfp4"
  FamilyLabel label;
  std::string source;
  long long rows = 0;
  bool in_turn = false;  ///< too few rows to keep a fifth out: each was, of a fit of its own
  LawError law_error;
  LawError error;
  std::vector<HeldOutRow> held_out;
  std::vector<StudiedParameter> parameters;
  Identifiability identity;
};

struct SystemStudy {
  FittedLaws laws;  ///< the same as fit_system gives
  std::vector<FamilyStudy> families;
  std::vector<UnpredictedRows> unpredicted;
};

/// Fits as fit_system does, and keeps what the fit was judged by and how well the measurements tell
/// each parameter. Takes several times as long.
SystemStudy study_system(const MeasuredRows& rows, const System& system, int threads,
                         const std::function<void(const std::string& family)>& done);

/// Aims at the errors of rows held out, in per cent; 0: none.
struct HeldOutAims {
  double median_percent = 0.0;
  double p90_percent = 0.0;

  [[nodiscard]] bool any() const { return median_percent > 0.0 || p90_percent > 0.0; }
  [[nodiscard]] bool met_by(const LawError& error) const;
};

}  // namespace helixsim
