#include "sim/llm/routing.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>

#include "sim/units/draw.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// base^exponent by squaring: IEEE multiplications only, so no two machines differ.
double integer_power(double base, long long exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= base;
    base *= base;
  }
  return result;
}

/// Logarithms and exponentials differ between C libraries and processors in their last bits: drop
/// those.
double on_grid(double value) {
  constexpr double kGrid = 68719476736.0;  // 2^36
  return std::round(value * kGrid) / kGrid;
}

/// Expectation of the largest of `draws` independent binomial(n, p) variables. Probabilities come
/// from logarithms: (1-p)^n underflows for p near 1.
double largest_of_binomials(int n, double p, int draws) {
  if (p <= 0.0) return 0.0;
  if (p >= 1.0) return n;
  const double log_p = std::log(p);
  const double log_q = std::log1p(-p);
  double log_choose = 0.0;  // of n over a
  double below = 0.0;
  double expectation = 0.0;
  for (int a = 0; a < n; ++a) {
    below += std::exp(log_choose + a * log_p + (n - a) * log_q);
    expectation += 1.0 - integer_power(std::min(below, 1.0), draws);
    log_choose += std::log((n - a) / (a + 1.0));
  }
  return on_grid(expectation);
}

/// Probabilities of 0..n successes of binomial(n, p), by ratios of neighbours from the likeliest
/// one: nothing underflows that matters, and no logarithms.
std::vector<double> binomial(int n, double p) {
  std::vector<double> pmf(static_cast<std::size_t>(n) + 1, 0.0);
  if (p <= 0.0 || p >= 1.0) {
    pmf[p <= 0.0 ? 0 : static_cast<std::size_t>(n)] = 1.0;
    return pmf;
  }
  const auto mode = static_cast<std::size_t>(std::min<double>(n, std::floor((n + 1) * p)));
  const double odds = p / (1.0 - p);
  pmf[mode] = 1.0;
  for (std::size_t a = mode; a < pmf.size() - 1; ++a) {
    pmf[a + 1] =
        pmf[a] * odds * static_cast<double>(pmf.size() - 1 - a) / static_cast<double>(a + 1);
  }
  for (std::size_t a = mode; a > 0; --a) {
    pmf[a - 1] =
        pmf[a] / odds * static_cast<double>(a) / static_cast<double>(pmf.size() - 1 - (a - 1));
  }
  const double sum = std::accumulate(pmf.begin(), pmf.end(), 0.0);
  for (double& one : pmf) one /= sum;
  return pmf;
}

/// The distribution of the sum of two independent counts.
std::vector<double> convolved(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> sum(a.size() + b.size() - 1, 0.0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) sum[i + j] += a[i] * b[j];
  }
  return sum;
}

/// How many of a rank's experts are active, each on its own with its probability.
std::vector<double> active_of(std::span<const double> probabilities) {
  std::vector<double> counts{1.0};
  for (const double p : probabilities) {
    counts.push_back(0.0);
    for (std::size_t a = counts.size() - 1; a > 0; --a) {
      counts[a] = counts[a] * (1.0 - p) + counts[a - 1] * p;
    }
    counts[0] *= 1.0 - p;
  }
  return counts;
}

/// By expert, the probability that one token chooses it under a power law. Weights are laid on
/// experts by one fixed shuffle.
std::vector<double> chosen_by_power_law(const MoeFfnSpec& moe, double alpha) {
  constexpr std::uint64_t kOfShuffle = 0x5effe1;
  const auto experts = static_cast<std::size_t>(moe.experts);
  if (moe.experts_per_token == moe.experts) return std::vector<double>(experts, 1.0);
  std::vector<double> weights;
  for (std::size_t i = 0; i < experts; ++i)
    weights.push_back(std::pow(static_cast<double>(i + 1), -alpha));
  const auto sum_at = [&](double tau) {
    double sum = 0.0;
    for (const double weight : weights) sum -= std::expm1(-tau * weight);
    return sum;
  };
  double low = 0.0;
  double high = 1.0;
  while (sum_at(high) < moe.experts_per_token && high < 1e300) high *= 2.0;
  for (int halving = 0; halving < 200; ++halving) {
    const double middle = 0.5 * (low + high);
    (sum_at(middle) < moe.experts_per_token ? low : high) = middle;
  }
  std::vector<double> chosen;
  for (const double weight : weights) chosen.push_back(on_grid(-std::expm1(-high * weight)));
  for (std::size_t i = 0; i + 1 < experts; ++i) {
    const double number = drawn(kOfShuffle, i, 0);
    const auto other = i + static_cast<std::size_t>(number * static_cast<double>(experts - i));
    std::swap(chosen[i], chosen[other]);
  }
  return chosen;
}

/// Sum over a of 1 - P(largest <= a), from that probability for a = 0, 1, ...
template <typename Below>
double expectation_of_largest(int most, Below below) {
  double expectation = 0.0;
  for (int a = 0; a < most; ++a) expectation += 1.0 - std::min(below(a), 1.0);
  return expectation;
}

/// Sums up to each place.
std::vector<double> cumulative(std::vector<double> pmf) {
  std::partial_sum(pmf.begin(), pmf.end(), pmf.begin());
  return pmf;
}

/// P(a token sends nothing to a rank) where its `groups_per_token` groups are drawn: over how many
/// of them lie on the rank, the chance that all k experts lie in the others.
double not_reached(const MoeFfnSpec& moe, int ep) {
  const int chosen = moe.groups_per_token;
  const double k = moe.experts_per_token;
  if (ep >= moe.groups) {
    const double of_token = static_cast<double>(ep) * chosen / moe.groups;  // candidate ranks
    const double has_group = static_cast<double>(chosen) / moe.groups;
    return 1.0 - has_group + has_group * integer_power(1.0 - 1.0 / of_token, moe.experts_per_token);
  }
  const int held = moe.groups / ep;
  const auto choose = [](int n, int of) {
    double ways = of < 0 || of > n ? 0.0 : 1.0;
    for (int i = 0; i < of && ways > 0.0; ++i) ways = ways * (n - i) / (i + 1.0);
    return ways;
  };
  double sum = 0.0;
  for (int j = 0; j <= std::min(held, chosen); ++j) {
    const double elsewhere = 1.0 - static_cast<double>(j) / chosen;
    sum += choose(held, j) * choose(moe.groups - held, chosen - j) *
           integer_power(elsewhere, static_cast<long long>(k));
  }
  return sum / choose(moe.groups, chosen);
}

}  // namespace

ActiveExperts active_experts(const MoeFfnSpec& moe, long long tokens, int ep) {
  const double chosen = static_cast<double>(moe.experts_per_token) / moe.experts;
  const double p = 1.0 - integer_power(1.0 - chosen, tokens);
  const double held = static_cast<double>(moe.experts) / ep;
  const double mean = held * p;
  if (ep == 1) return {.mean = mean, .largest = mean, .load = 1.0, .other_ranks = 0.0};
  const double largest =
      std::max(mean, largest_of_binomials(static_cast<int>(std::ceil(held)), p, ep));
  return {.mean = mean,
          .largest = largest,
          .load = mean > 0.0 ? largest / mean : 1.0,
          .other_ranks = other_ranks_reached(moe, ep)};
}

double other_ranks_reached(const MoeFfnSpec& moe, int ep) {
  return (ep - 1.0) * (1.0 - integer_power(1.0 - 1.0 / ep, moe.experts_per_token));
}

std::optional<Routing> parse_routing(std::string_view text) {
  constexpr std::string_view kPowerLaw = "power_law:";
  if (text == "uniform") return Routing{};
  if (text == "group_limited") return Routing{.kind = Routing::Kind::GroupLimited};
  if (!text.starts_with(kPowerLaw)) return std::nullopt;
  text.remove_prefix(kPowerLaw.size());
  Routing routing{.kind = Routing::Kind::PowerLaw};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), routing.alpha);
  const bool good = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
                    routing.alpha > 0.0 && routing.alpha <= 10.0;
  return good ? std::optional(routing) : std::nullopt;
}

std::string to_text(const Routing& routing) {
  switch (routing.kind) {
    case Routing::Kind::PowerLaw:
      return "power_law:" + format_exact(routing.alpha);
    case Routing::Kind::GroupLimited:
      return "group_limited";
    default:
      return "uniform";
  }
}

RoutingModel::RoutingModel(const MoeFfnSpec& moe, const Routing& routing)
    : moe_(moe), routing_(routing) {
  if (routing.kind == Routing::Kind::PowerLaw) chosen_ = chosen_by_power_law(moe, routing.alpha);
}

double RoutingModel::chosen_by_token(int expert) const {
  if (routing_.kind == Routing::Kind::PowerLaw) return chosen_[static_cast<std::size_t>(expert)];
  return static_cast<double>(moe_.experts_per_token) / moe_.experts;
}

ActiveExperts RoutingModel::at(long long tokens, int ep) const {
  switch (routing_.kind) {
    case Routing::Kind::PowerLaw:
      return power_law(tokens, ep);
    case Routing::Kind::GroupLimited:
      return group_limited(tokens, ep);
    default:
      return active_experts(moe_, tokens, ep);
  }
}

ActiveExperts RoutingModel::power_law(long long tokens, int ep) const {
  std::vector<double> active;
  for (const double pi : chosen_) active.push_back(1.0 - integer_power(1.0 - pi, tokens));
  const double mean = std::accumulate(active.begin(), active.end(), 0.0) / ep;
  if (ep == 1) return {.mean = mean, .largest = mean, .load = 1.0, .other_ranks = 0.0};
  const auto held = active.size() / static_cast<std::size_t>(ep);
  std::vector<std::vector<double>> below;  // by rank: P(at most a of its experts are active)
  double most_rows = 0.0;                  // of a token, on one rank
  double reached = 0.0;                    // ranks by a token
  for (std::size_t first = 0; first < active.size(); first += held) {
    below.push_back(cumulative(active_of(std::span(active).subspan(first, held))));
    const auto begin = chosen_.begin() + static_cast<std::ptrdiff_t>(first);
    const double rows = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(held), 0.0);
    most_rows = std::max(most_rows, rows);
    const double share = std::min(rows / moe_.experts_per_token, 1.0);
    reached += 1.0 - integer_power(1.0 - share, moe_.experts_per_token);
  }
  const double largest = expectation_of_largest(static_cast<int>(held), [&](int a) {
    double all = 1.0;
    for (const auto& rank : below) all *= std::min(rank[static_cast<std::size_t>(a)], 1.0);
    return all;
  });
  const double even_rows = static_cast<double>(moe_.experts_per_token) / ep;
  return {.mean = mean,
          .largest = std::max(mean, largest),
          .load = std::max({1.0, most_rows / even_rows, mean > 0.0 ? largest / mean : 1.0}),
          .other_ranks = reached * (ep - 1.0) / ep};
}

ActiveExperts RoutingModel::group_limited(long long tokens, int ep) const {
  ActiveExperts active = active_experts(moe_, 0, ep);
  const double chosen = static_cast<double>(moe_.experts_per_token) / moe_.experts;
  active.mean =
      static_cast<double>(moe_.experts) / ep * (1.0 - integer_power(1.0 - chosen, tokens));
  active.largest = active.mean;
  if (ep == 1) return active;
  active.other_ranks = (ep - 1.0) * (1.0 - not_reached(moe_, ep));

  const int groups = moe_.groups;
  const int held = moe_.experts / ep;                          // experts of a rank
  const int in_group = std::min(held, moe_.experts / groups);  // of them, in one group
  const double of_group = static_cast<double>(moe_.groups_per_token) / groups;
  const double within =
      static_cast<double>(moe_.experts_per_token) * groups /
      (static_cast<double>(moe_.groups_per_token) * moe_.experts);  // of a token that chose it
  const int ranks_of_group = std::max(1, ep / groups);
  // Tokens that choose a group, as far as they are likely.
  const double mean_tokens = static_cast<double>(tokens) * of_group;
  const double reach = 8.0 * std::sqrt(mean_tokens * (1.0 - of_group)) + 8.0;
  const auto first = static_cast<long long>(std::max(0.0, std::floor(mean_tokens - reach)));
  const auto last = std::min(tokens, static_cast<long long>(std::ceil(mean_tokens + reach)));
  const double odds = of_group < 1.0 ? of_group / (1.0 - of_group) : 0.0;
  double probability = 1.0;  // of `first`, to be divided by the sum
  double sum = 0.0;
  std::vector<double> counts(static_cast<std::size_t>(in_group) + 1, 0.0);  // active of one rank
  std::vector<double> below(counts.size(), 0.0);  // P(at most a on each rank of the group)
  const auto add = [&](long long in, double weight) {
    const std::vector<double> pmf = binomial(in_group, 1.0 - integer_power(1.0 - within, in));
    double cdf = 0.0;
    for (std::size_t a = 0; a < pmf.size(); ++a) {
      cdf += pmf[a];
      counts[a] += weight * pmf[a];
      below[a] += weight * integer_power(std::min(cdf, 1.0), ranks_of_group);
    }
    sum += weight;
  };
  if (of_group >= 1.0) {
    add(tokens, 1.0);
  } else {
    for (long long in = first; in <= last; ++in) {
      add(in, probability);
      probability *= odds * static_cast<double>(tokens - in) / (static_cast<double>(in) + 1.0);
    }
  }
  for (double& one : counts) one /= sum;
  for (double& one : below) one /= sum;
  double largest = 0.0;
  if (ep >= groups) {
    largest = expectation_of_largest(
        held, [&](int a) { return integer_power(below[static_cast<std::size_t>(a)], groups); });
  } else {
    std::vector<double> of_rank{1.0};
    for (int group = 0; group < groups / ep; ++group) of_rank = convolved(of_rank, counts);
    const std::vector<double> cdf = cumulative(of_rank);
    largest = expectation_of_largest(held, [&](int a) {
      return integer_power(std::min(cdf[static_cast<std::size_t>(a)], 1.0), ep);
    });
  }
  active.largest = std::max(active.mean, largest);
  active.load = active.mean > 0.0 ? active.largest / active.mean : 1.0;
  return active;
}

}  // namespace helixsim
