#pragma once

#include "hw_models/collectives/collective.hpp"

namespace helixsim {

/// The volume of rounds in which each GPU sends equal parts to all other members at once, `sent` in
/// all rounds together.
AlgorithmVolume all_pairs_volume(Bytes sent, int steps, const GroupShape& shape);

/// Messages of such a round: every member sends `bytes` to every other one.
void add_all_pairs(int step, int members, Bytes bytes, TransferList& out);

}  // namespace helixsim
