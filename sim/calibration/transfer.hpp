#pragma once

#include "hw_models/system.hpp"

namespace helixsim {

/// The laws of kernels of one system as they would be on another of which only the data sheet is
/// known: its multiprocessors, L2, HBM bandwidth and peak rates take the place of the first one's;
/// all else, residuals included, stays.
///
///     bandwidth' = bandwidth HBM' / HBM; peak' = peak of the same number format on the other
///
/// Laws of collectives say nothing of another fabric and are left out.
FittedLaws transferred(const FittedLaws& laws, const System& from, const System& to);

}  // namespace helixsim
