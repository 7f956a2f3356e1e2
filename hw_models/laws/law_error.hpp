#pragma once

#include <string_view>

namespace helixsim {

/// How well a law, with its residuals, predicts measurements that were kept out of its fit.
struct LawError {
  double median_percent = 0.0;
  double p90_percent = 0.0;
  double log_bias = 0.0;  ///< median of ln(measured / predicted)
  double log_sd = 0.0;    ///< robust spread of it: p68 of its distance from the median
};

/// The coordinate of a shape that lies farthest outside of the measurements of its law.
struct BeyondRange {
  std::string_view coordinate{};
  double value = 0.0;
  double low = 0.0;  ///< of the measurements
  double high = 0.0;
  double doublings = 0.0;  ///< from the value to the nearer end; 0 within
};

/// Where a predicted time comes from.
struct Provenance {
  std::string_view family;          ///< of kernels, such as "gemm/nvfp4"; empty: no law
  const LawError* error = nullptr;  ///< of the family's law; null without one
  BeyondRange beyond{};
  double transfer_log_sd = 0.0;  ///< of a law that was moved from another GPU by its data sheet
  bool assumed_format = false;   ///< no kernel for the data type was measured; another's stands in
};

}  // namespace helixsim
