#pragma once

#include "hw_models/laws/fitted_laws.hpp"

namespace helixsim {

/// Laws as they would be on a GPU of which only the data sheet is known: what a law reads, computes
/// or sends at the rates of one takes those of the other in proportion, all else, residuals
/// included, stays. Multiprocessors and L2 are given when laws are read.
///
///     bandwidth' = bandwidth HBM' / HBM; peak' = peak of the same number format on the other;
///     bandwidth_i' of collectives = bandwidth_i NVLink' / NVLink
///
/// Laws whose own data sheet is not known stay as they are.
FittedLaws transferred(FittedLaws laws, const DataSheet& to);

}  // namespace helixsim
