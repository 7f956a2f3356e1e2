#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/config/catalog.hpp"
#include "sim/config/override.hpp"
#include "sim/sweep/study.hpp"

namespace helixsim {

/// One claim of a scenario: what is measured, what was published, and the band in which ours must
/// lie.
struct Claim {
  std::string name;
  std::string kind;  ///< a row of claim_kinds()
  std::string model;
  double context = 1e6;
  std::optional<double> published;
  std::optional<Range<double>> band;  ///< without one the claim is reported and not judged
  std::string source;
  bool overlap_all_reduce = false;
  std::vector<std::string> baseline;  ///< instead of the study's
  std::optional<Node> point;          ///< layout and batch, for claims about one configuration
};

/// A complete study: models over search spaces, and the claims to check.
struct Scenario {
  std::string name;
  std::string title;
  std::string source;
  std::vector<Study> studies;
  std::vector<Claim> claims;
  std::vector<std::string> assumptions;
};

/// Reads "helixsim/scenario/1" and opens the files it names. Errors: ConfigError.
Scenario read_scenario(const Node& document, const Catalog& catalog,
                       std::span<const Override> setup_overrides);

/// A scenario of one study from a plain search space.
Scenario scenario_of_search_space(const Node& document, const SetupRequest& request,
                                  const Catalog& catalog,
                                  std::span<const Override> setup_overrides);

}  // namespace helixsim
