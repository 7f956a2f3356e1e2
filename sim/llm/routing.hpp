#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// How tokens choose their experts.
struct Routing {
  enum class Kind {
    Uniform,      ///< every choice of distinct experts is as likely
    PowerLaw,     ///< the i-th most popular expert is chosen by weight i^-alpha
    GroupLimited  ///< a token's experts lie in few of the model's expert groups
  };
  Kind kind = Kind::Uniform;
  double alpha = 0.0;  ///< of PowerLaw

  bool operator==(const Routing&) const = default;
};

/// "uniform", "power_law:1.2", "group_limited"; empty when not understood.
std::optional<Routing> parse_routing(std::string_view text);
std::string to_text(const Routing& routing);

/// Routed experts that are active, meaning that at least one token chose them, on one
/// expert-parallel rank.
struct ActiveExperts {
  double mean = 0.0;         ///< over ranks
  double largest = 0.0;      ///< expectation of the rank with the most
  double load = 1.0;         ///< rows of the critical rank over an even share
  double other_ranks = 0.0;  ///< other than its own to which one token goes
};

/// Every token picks `experts_per_token` distinct experts uniformly; `ep` ranks hold equal shares
/// of the experts. Model:  an expert is active with p = 1 - (1 - k/E)^tokens; mean = (E/ep) p;
///         largest = sum over a >= 0 of 1 - F(a)^ep, F the binomial distribution of (E/ep, p):
///         experts taken as independent, an estimate (their counts are slightly negatively
///         correlated). The critical rank's rows grow with its active experts.
/// Source: order statistics of independent draws; checked by simulation in
/// tests/llm/routing_test.cpp.
///
/// The same bytes on every machine: integer powers by multiplication, and `largest`, which needs
/// logarithms, rounded to a multiple of 2^-36.
ActiveExperts active_experts(const MoeFfnSpec& moe, long long tokens, int ep);

/// Ranks other than its own to which one token goes: (ep - 1) (1 - (1 - 1/ep)^k), each of its k
/// experts drawn independently. Source: tests/reference/README.md, family dp.
double other_ranks_reached(const MoeFfnSpec& moe, int ep);

/// The same for any routing.
///
/// Model:  power law: expert i is chosen by a token with pi_i = 1 - exp(-tau w_i), w_i = i^-alpha,
///         tau such that they sum to k (draws without replacement by weight, order sampling); it is
///         active with 1 - (1 - pi_i)^tokens, independent of others. Experts lie on ranks in the
///         order of one fixed shuffle: no load balancer. The critical rank's rows are those of the
///         most chosen rank, if that is more than its active experts say.
///         group limited: tokens that choose a group are binomial (tokens, g/G); given them, its
///         experts are active independently, each token choosing k of the g E/G experts. Groups
///         are taken as independent of one another.
/// Source: Rosen 1997 (order sampling); DeepSeek-V3, section 2.1.2 (node-limited routing). Checked
/// by simulation in tests/llm/routing_test.cpp.
class RoutingModel {
 public:
  /// Contract: GroupLimited only with groups that divide the experts.
  RoutingModel(const MoeFfnSpec& moe, const Routing& routing);
  /// Contract: ep divides the experts; of GroupLimited, ep and the groups divide one another.
  [[nodiscard]] ActiveExperts at(long long tokens, int ep) const;
  /// The chance that one token chooses the expert.
  [[nodiscard]] double chosen_by_token(int expert) const;

 private:
  [[nodiscard]] ActiveExperts power_law(long long tokens, int ep) const;
  [[nodiscard]] ActiveExperts group_limited(long long tokens, int ep) const;

  MoeFfnSpec moe_;
  Routing routing_;
  std::vector<double> chosen_;  ///< of PowerLaw, by expert: by one token
};

}  // namespace helixsim
