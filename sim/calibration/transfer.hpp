#pragma once

#include "hw_models/system.hpp"

namespace helixsim {

/// The laws of kernels of one system as they would be on another of which only the data sheet is
/// known: scaled by it (hw_models/laws/transfer.hpp), with its multiprocessors and L2. Laws of
/// collectives say nothing of another fabric and are left out.
FittedLaws kernels_transferred(FittedLaws laws, const System& to);

}  // namespace helixsim
