#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "hw_models/laws/law_error.hpp"
#include "hw_models/laws/law_parameter.hpp"
#include "hw_models/laws/residual_table.hpp"

namespace helixsim {

/// What the fit found for one parameter.
struct ParameterFit {
  double log_error = 0.0;  ///< standard error of the logarithm; 0 when pinned
  bool pinned = false;     ///< kept at its start because the measurements do not tell it
};

/// A law with the numbers of one operation, data type and GPU, the residuals that it leaves, and
/// what is known of its error.
template <class Law>
struct FittedLaw {
  using Shape = typename Law::Shape;
  static constexpr std::size_t kMostCoordinates = 6;
  static constexpr double kMostLogFactor = 1.5;  ///< that residuals may add up to
  static constexpr double kRounding = 1e-6;      ///< doublings that count as none

  std::string family = {};  ///< of kernels, under which files list it
  Law law{};
  std::vector<ParameterFit> fits = {};        ///< by parameter
  std::vector<ResidualTable> residuals = {};  ///< their factors multiply
  std::string source = {};                    ///< tables and software that it was fitted to
  long long rows = 0;
  LawError law_error = {};  ///< without residuals
  LawError error = {};
  std::vector<double> low = {};  ///< by coordinate: range of the measurements, base 2 logarithm
  std::vector<double> high = {};
  /// System whose measurements these are, where the law was moved from it by a data sheet.
  std::string transferred_from = {};

  [[nodiscard]] double seconds(const Shape& shape, bool cold) const {
    const double time = law.seconds(shape, cold);
    return residuals.empty() ? time : time * std::exp(log_factor(shape));
  }

  [[nodiscard]] double log_factor(const Shape& shape) const {
    const std::array<double, kMostCoordinates> at = coordinates_of(shape);
    double sum = 0.0;
    for (const ResidualTable& table : residuals) sum += table.log_factor(at);
    return std::clamp(sum, -kMostLogFactor, kMostLogFactor);
  }

  /// Which coordinate lies farthest outside of the measurements. Several may be outside for one
  /// reason, as the tokens that attention sees and those that are cached, so they do not add up.
  [[nodiscard]] BeyondRange beyond(const Shape& shape) const {
    const std::array<double, kMostCoordinates> at = coordinates_of(shape);
    BeyondRange farthest;
    for (std::size_t c = 0; c < low.size(); ++c) {
      const double doublings = std::max(low[c] - at[c], at[c] - high[c]);
      if (doublings <= std::max(farthest.doublings, kRounding)) continue;
      farthest = {.coordinate = Law::coordinates()[c].name,
                  .value = std::exp2(at[c]) - Law::coordinates()[c].offset,
                  .low = std::exp2(low[c]) - Law::coordinates()[c].offset,
                  .high = std::exp2(high[c]) - Law::coordinates()[c].offset,
                  .doublings = doublings};
    }
    return farthest;
  }

  [[nodiscard]] Provenance provenance(const Shape& shape) const {
    return {.family = family,
            .error = &error,
            .beyond = beyond(shape),
            .transfer_log_sd = transfer_log_sd(shape),
            .assumed_format = false};
  }

  /// What moving the law to this GPU adds to the error of a time: the priors of its parameters, or
  /// what anchors have left of them, as far as the time of this shape depends on each. 0 for a law
  /// of its own GPU.
  [[nodiscard]] double transfer_log_sd(const Shape& shape) const {
    if (transferred_from.empty()) return 0.0;
    constexpr double kStep = 0.01;  // of a logarithm
    double variance = 0.0;
    std::size_t p = 0;
    for (const LawParameter<Law>& parameter : Law::parameters()) {
      Law more = law;
      Law less = law;
      more.*parameter.value *= std::exp(kStep);
      less.*parameter.value *= std::exp(-kStep);
      const double effect =
          std::log(more.seconds(shape, true) / less.seconds(shape, true)) / (2.0 * kStep);
      double sd = transfer_prior(parameter.on_other_gpu);
      if (p < fits.size()) sd = std::min(sd, fits[p].log_error);
      variance += effect * sd * effect * sd;
      ++p;
    }
    return std::sqrt(variance);
  }

  static std::array<double, kMostCoordinates> coordinates_of(const Shape& shape) {
    std::array<double, kMostCoordinates> at{};
    std::size_t c = 0;
    for (const LawCoordinate<Law>& coordinate : Law::coordinates()) {
      at[c++] = coordinate.log2_of(shape);
    }
    return at;
  }
};

}  // namespace helixsim
