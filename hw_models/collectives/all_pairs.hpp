#pragma once

#include "hw_models/collectives/collective.hpp"

namespace helixsim {

/// The volume of rounds in which each GPU sends equal parts to all other members at once, `sent` in
/// all rounds together.
AlgorithmVolume all_pairs_volume(Bytes sent, int steps, const GroupShape& shape);

}  // namespace helixsim
