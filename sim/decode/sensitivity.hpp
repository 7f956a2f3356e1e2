#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/decode/request.hpp"

namespace helixsim {

/// What a step would take with more of one resource.
struct SensitivityRow {
  std::string resource;  ///< in words: "HBM bandwidth + 10 %"
  SimTime ttl;
  double gain = 0.0;  ///< part of the TTL that goes: 1 - ttl / TTL as it is
};

struct Sensitivity {
  std::vector<SensitivityRow> rows;   ///< the largest gain first
  std::vector<std::string> left_out;  ///< which rows could not be simulated, and why
};

/// Simulates the point again with 10 % more bandwidth or arithmetic, or 10 % shorter fixed times,
/// one resource at a time, in everything else the same; the HOP-B mode `best` is chosen anew.
/// Resources that the system or its fidelity does not have have no row, nor have those that may not
/// be larger: a number at its limit. Errors: ConfigError for the system as it is.
Sensitivity sensitivity(const SetupRequest& request, const Catalog& catalog,
                        std::span<const Override> overrides, const Point& point);

/// "8 TB/s" times 1.1 is "8.8 TB/s". Errors: ConfigError for text that begins with no number.
std::string scaled_quantity(const std::string& text, double factor);

}  // namespace helixsim
