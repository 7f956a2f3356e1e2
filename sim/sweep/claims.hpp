#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sweep/scenario.hpp"
#include "sim/sweep/study.hpp"

namespace helixsim {

/// What a claim came to: a number to judge, the same for people, and where on the frontier it was
/// read.
struct ClaimOutcome {
  std::optional<double> value;
  std::string text;
  std::string where;
};

/// What a claim is evaluated on: a study that has been run, at one context.
struct ClaimInput {
  const Claim& claim;
  const StudyResult& result;
  std::size_t context = 0;  ///< index

  [[nodiscard]] Frontier helix() const;
  [[nodiscard]] Frontier baseline() const;
  /// The claim's own baseline, else the study's.
  [[nodiscard]] const std::vector<std::string>& baseline_strategies() const;
};

/// One way to turn frontiers into a number.
struct ClaimKindEntry {
  std::string_view name;
  std::string_view text;  ///< what the number is, for tables
  ClaimOutcome (*evaluate)(const ClaimInput& input);
  bool all_contexts =
      false;  ///< looks at every context of the study; claim.context does not matter
};
std::span<const ClaimKindEntry> claim_kinds();

/// The row of a kind that a scenario has named.
const ClaimKindEntry& claim_kind(std::string_view name);

enum class Verdict { Pass, Fail, Reported };
std::string_view name_of(Verdict verdict);

/// One line of the claims table.
struct ClaimResult {
  Claim claim;  ///< context 0 when it looks at every context
  std::string text;
  ClaimOutcome outcome;
  Verdict verdict = Verdict::Reported;
};

/// Evaluates one claim. A claim with a band and no number fails.
ClaimResult evaluate_claim(const Claim& claim, const StudyResult& result);

/// Studies that claims need beside the scenario's own: the same model with all-reduces overlapped,
/// over the contexts of those claims.
std::vector<Study> overlapped_studies(const Scenario& scenario);

}  // namespace helixsim
