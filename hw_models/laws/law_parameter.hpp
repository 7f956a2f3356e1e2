#pragma once

#include <string_view>

namespace helixsim {

/// What becomes of a parameter on another GPU of which only the data sheet is known: `Carried` as
/// it is (what the kernel's code sets), `Scaled` by the data sheet or standing for a rate of it, or
/// `Unknown`, carried for want of better (launch gaps, start-ups).
enum class OnOtherGpu { Carried, Scaled, Unknown };

/// Standard deviation of ln(true / assumed) there. Assumed; docs/modelling.md, section 15.
constexpr double transfer_prior(OnOtherGpu kind) {
  constexpr double kPriors[] = {0.05, 0.15, 0.5};
  return kPriors[static_cast<int>(kind)];
}

/// A number of a law that is fitted: positive, within bounds of physical sense. `unit` is how files
/// write it, one unit being `scale` of the base unit.
template <class Law>
struct LawParameter {
  std::string_view name;
  double Law::*value;
  std::string_view unit;
  double scale;
  double low;  ///< in base units
  double high;
  OnOtherGpu on_other_gpu = OnOtherGpu::Carried;
};

/// A discrete choice of the library whose kernels are described.
template <class Law>
struct LawChoice {
  std::string_view name;
  int Law::*value;
};

/// A number of a law that is given, not fitted: from the data sheet or from the data type.
template <class Law>
struct LawFact {
  std::string_view name;
  double Law::*value;
  std::string_view unit;
  double scale;
};

/// A number of a shape that tables of residuals and ranges of measurements are over: the logarithm
/// to base 2 of it and an offset, so that it may be 0.
template <class Law>
struct LawCoordinate {
  std::string_view name;
  double (*log2_of)(const typename Law::Shape& shape);
  double offset = 0.0;
};

/// What a law must know of the GPU.
struct LawGpu {
  double multiprocessors = 1.0;
  double l2_bytes = 0.0;

  bool operator==(const LawGpu&) const = default;
};

/// What bounds a kernel of some shape: its fixed times; L2 or HBM; what one CTA needs to walk
/// through its part (`Stream`); arithmetic.
enum class Region { Latency, L2, Bandwidth, Stream, Compute };

constexpr std::string_view name_of(Region region) {
  constexpr std::string_view kNames[] = {"latency", "l2", "bandwidth", "stream", "compute"};
  return kNames[static_cast<int>(region)];
}

/// The times that a law combines, to tell which of them bounds it.
struct LawTerms {
  double total = 0.0;
  double memory = 0.0;
  double stream = 0.0;
  bool in_l2 = false;
  bool by_arithmetic = false;  ///< the stream is paced by arithmetic

  /// Half of the time or more outside of memory and stream is latency.
  [[nodiscard]] Region region() const {
    const double larger = memory > stream ? memory : stream;
    if (2.0 * larger < total) return Region::Latency;
    if (memory >= stream) return in_l2 ? Region::L2 : Region::Bandwidth;
    return by_arithmetic ? Region::Compute : Region::Stream;
  }
};

}  // namespace helixsim
