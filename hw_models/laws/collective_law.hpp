#pragma once

#include <span>

#include "hw_models/laws/law_parameter.hpp"

namespace helixsim {

/// What each of `ranks` GPUs puts on its links, and what it does beside.
struct CollectiveShape {
  double ranks = 2;
  double wire_bytes = 0;
  double local_bytes = 0;  ///< that it moves or converts in its own memory
  double experts = 0;      ///< that it receives for, each apart; 0: not such a collective

  bool operator==(const CollectiveShape&) const = default;
};

/// Time of a collective: the library takes the fastest of up to three algorithms, each a line.
///
///     line_i = fixed_i + hop_i log2(ranks / 2) + norm(wire_bytes / b_i, local_bytes / local)
///     b_i    = bandwidth_i (2 / ranks)^fall / (1 + narrow / experts)
///     t      = min over lines i of line_i, and expert experts on top
///
/// `hop` and `fall` are what larger groups cost: more rounds, more peers to write to. Messages for
/// few experts keep few SMs busy: `narrow`.
/// Source: fitted to measured collectives, docs/decisions/0008-measured-laws.md.
struct CollectiveLaw {
  using Shape = CollectiveShape;

  double fixed1 = 5e-6;       ///< s
  double hop1 = 1e-6;         ///< s a doubling of the group
  double bandwidth1 = 100e9;  ///< bytes/s
  double fixed2 = 12e-6;
  double hop2 = 1e-6;
  double bandwidth2 = 300e9;
  double fixed3 = 20e-6;
  double hop3 = 1e-6;
  double bandwidth3 = 600e9;
  double fall = 0.05;
  double local = 1000e9;   ///< bytes/s
  double expert = 0.1e-6;  ///< s
  double narrow = 1.0;     ///< experts at which half of the bandwidth is left

  int lines = 3;

  [[nodiscard]] LawTerms terms(const CollectiveShape& shape, bool cold) const;
  [[nodiscard]] double seconds(const CollectiveShape& shape, bool cold) const {
    return terms(shape, cold).total;
  }

  static std::span<const LawParameter<CollectiveLaw>> parameters();
  static std::span<const LawChoice<CollectiveLaw>> choices();
  static std::span<const LawFact<CollectiveLaw>> facts();
  static std::span<const LawCoordinate<CollectiveLaw>> coordinates();
};

}  // namespace helixsim
