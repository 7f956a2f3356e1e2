#pragma once

#include <functional>
#include <string>

#include "hw_models/system.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// Fits every kernel family of a system's measurements. `done(family)` is called after each, from
/// one thread at a time. The result is the same for any number of threads.
FittedLaws fit_system(const MeasuredRows& rows, const System& system, int threads,
                      const std::function<void(const std::string& family)>& done);

/// What a fit of the system begins with.
FittedLaws laws_without_families(const System& system);

}  // namespace helixsim
