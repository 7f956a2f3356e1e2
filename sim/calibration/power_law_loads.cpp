#include "sim/calibration/power_law_loads.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

/// Adds or takes `count` pairs, one a rank in turn: at its least loaded expert that may have more,
/// or from its most loaded one.
void spread(ExpertLoads& loads, long long count, int most, int step) {
  const std::size_t ranks = loads.ranks();
  for (bool changed = true; count > 0 && changed;) {
    changed = false;
    for (std::size_t rank = 0; rank < ranks && count > 0; ++rank) {
      const std::span<int> own = loads.of_rank(rank);
      const auto chosen = step > 0 ? std::min_element(own.begin(), own.end())
                                   : std::max_element(own.begin(), own.end());
      if (step > 0 ? *chosen >= most : *chosen <= 0) continue;
      *chosen += step;
      --count;
      changed = true;
    }
  }
}

/// The benchmark measures the first rank and puts the most loaded one there.
void most_loaded_first(ExpertLoads& loads) {
  std::size_t most = 0;
  int most_pairs = -1;
  for (std::size_t rank = 0; rank < loads.ranks(); ++rank) {
    const std::span<int> own = loads.of_rank(rank);
    const int pairs = std::accumulate(own.begin(), own.end(), 0);
    if (pairs > most_pairs) most = rank;
    most_pairs = std::max(most_pairs, pairs);
  }
  const std::span<int> first = loads.of_rank(0);
  if (most != 0) std::swap_ranges(first.begin(), first.end(), loads.of_rank(most).begin());
}

}  // namespace

ExpertLoads power_law_loads(const BenchmarkRouting& routing, double exponent, int draw) {
  const long long pairs = static_cast<long long>(routing.tokens) * routing.experts_per_token;
  const bool many = pairs > routing.experts;
  const double low = many ? 1.0 : 0.01;
  const double high = many ? std::max(routing.tokens * 0.8, 1.001) : 2.0;
  const double power = 1.0 - exponent;
  const double from = std::pow(low, power);
  std::vector<double> popularity(static_cast<std::size_t>(routing.experts));
  for (std::size_t expert = 0; expert < popularity.size(); ++expert) {
    const double u = drawn(7, static_cast<std::uint64_t>(draw), expert);
    popularity[expert] = std::pow(from + u * (std::pow(high, power) - from), 1.0 / power);
  }
  const double scale =
      static_cast<double>(pairs) / std::accumulate(popularity.begin(), popularity.end(), 0.0);
  ExpertLoads loads{.pairs = {}, .local = static_cast<std::size_t>(routing.local_experts())};
  long long over = 0;
  for (const double share : popularity) {
    const auto wanted = static_cast<int>(std::lround(share * scale));
    loads.pairs.push_back(std::min(wanted, routing.tokens));
    over += wanted - loads.pairs.back();
  }
  spread(loads, over, routing.tokens, 1);
  const long long left = pairs - std::accumulate(loads.pairs.begin(), loads.pairs.end(), 0LL);
  spread(loads, std::abs(left), routing.tokens, left > 0 ? 1 : -1);
  most_loaded_first(loads);
  return loads;
}

}  // namespace helixsim
