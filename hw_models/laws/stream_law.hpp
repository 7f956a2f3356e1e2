#pragma once

#include <span>

#include "hw_models/laws/law_parameter.hpp"

namespace helixsim {

/// A kernel that walks over a matrix of `rows` x `columns` elements once.
struct StreamShape {
  double rows = 1;
  double columns = 1;

  bool operator==(const StreamShape&) const = default;
};

/// Time of an element-wise or quantising kernel.
///
///     memory = element_bytes rows columns / bandwidth, L2-aware (MemoryReach)
///     t      = fixed + norm(memory, row columns + element elements of the fullest SM)
///
/// Source: fitted to measured kernels, docs/decisions/0008-measured-laws.md.
struct StreamLaw {
  using Shape = StreamShape;

  double fixed = 2e-6;          ///< s
  double row = 1e-12;           ///< s an element of a row, which one CTA walks along
  double element = 1e-11;       ///< s an element of those that one SM handles
  double bandwidth = 6e12;      ///< bytes/s
  double l2_bandwidth = 15e12;  ///< bytes/s
  double l2_part = 0.6;
  double sharpness = 3.0;

  double element_bytes = 3.0;  ///< read and written
  LawGpu gpu;

  [[nodiscard]] LawTerms terms(const StreamShape& shape, bool cold) const;
  [[nodiscard]] double seconds(const StreamShape& shape, bool cold) const {
    return terms(shape, cold).total;
  }

  static std::span<const LawParameter<StreamLaw>> parameters();
  static std::span<const LawChoice<StreamLaw>> choices();
  static std::span<const LawFact<StreamLaw>> facts();
  static std::span<const LawCoordinate<StreamLaw>> coordinates();
};

}  // namespace helixsim
