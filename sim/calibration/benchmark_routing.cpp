#include "sim/calibration/benchmark_routing.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

constexpr std::string_view kPowerLaw = "power_law_";
constexpr int kDraws = 8;

/// The exponent of "power_law_1.2" and "power_law_1.2_eplb".
std::optional<double> exponent_of(std::string_view distribution) {
  if (!distribution.starts_with(kPowerLaw)) return std::nullopt;
  distribution.remove_prefix(kPowerLaw.size());
  double value = 0.0;
  const auto parsed =
      std::from_chars(distribution.data(), distribution.data() + distribution.size(), value);
  if (parsed.ec != std::errc() || !(value > 0.0 && value < 10.0) || value == 1.0) {
    return std::nullopt;
  }
  return value;
}

/// Tokens of each expert: popularity drawn from a bounded power law, scaled to the tokens that
/// there are, whole numbers, none above the token count.
std::vector<int> drawn_loads(const BenchmarkRouting& routing, double exponent, int draw) {
  const double pairs = static_cast<double>(routing.tokens) * routing.experts_per_token;
  const bool many = pairs > routing.experts;
  const double low = many ? 1.0 : 0.01;
  const double high = many ? std::max(routing.tokens * 0.8, 2.0) : 2.0;
  const double power = 1.0 - exponent;
  std::vector<double> popularity(static_cast<std::size_t>(routing.experts));
  for (std::size_t expert = 0; expert < popularity.size(); ++expert) {
    const double u = drawn(7, static_cast<std::uint64_t>(draw), expert);
    const double from = std::pow(low, power);
    popularity[expert] = std::pow(from + u * (std::pow(high, power) - from), 1.0 / power);
  }
  const double sum = std::accumulate(popularity.begin(), popularity.end(), 0.0);
  std::vector<int> loads;
  for (const double share : popularity) {
    loads.push_back(std::min(static_cast<int>(std::lround(share / sum * pairs)), routing.tokens));
  }
  // What rounding and the limit changed goes to, or comes from, the most popular experts.
  std::vector<std::size_t> order(loads.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return loads[a] > loads[b]; });
  long long left = std::llround(pairs) - std::accumulate(loads.begin(), loads.end(), 0LL);
  for (bool changed = true; left != 0 && changed;) {
    changed = false;
    for (const std::size_t expert : order) {
      if (left == 0) break;
      const bool can = left > 0 ? loads[expert] < routing.tokens : loads[expert] > 0;
      if (!can) continue;
      loads[expert] += left > 0 ? 1 : -1;
      left += left > 0 ? -1 : 1;
      changed = true;
    }
  }
  return loads;
}

RoutedLoad most_loaded(const std::vector<int>& loads, std::size_t local) {
  RoutedLoad most{.rows = -1.0};
  for (std::size_t first = 0; first < loads.size(); first += local) {
    RoutedLoad rank{.rows = 0.0, .active = 0.0};
    for (std::size_t expert = first; expert < std::min(first + local, loads.size()); ++expert) {
      rank.rows += loads[expert];
      rank.active += loads[expert] > 0 ? 1.0 : 0.0;
    }
    if (rank.rows > most.rows) most = rank;
  }
  return most;
}

RoutedLoad load_of(const BenchmarkRouting& routing) {
  const double local = std::max(1.0, static_cast<double>(routing.experts) / routing.ep);
  const double most_active =
      routing.group_limited ? std::min(local, std::max(1.0, routing.experts / 2.0)) : local;
  RoutedLoad load{.rows = 0.0, .active = 0.0};
  const auto exponent = exponent_of(routing.distribution);
  if (!exponent) {
    load.rows = static_cast<double>(routing.tokens) * routing.experts_per_token / routing.ep;
    load.active = load.rows;
  } else {
    for (int draw = 0; draw < kDraws; ++draw) {
      const RoutedLoad one =
          most_loaded(drawn_loads(routing, *exponent, draw), static_cast<std::size_t>(local));
      load.rows += one.rows / kDraws;
      load.active += one.active / kDraws;
    }
  }
  return {.rows = std::max(load.rows, 1.0), .active = std::clamp(load.active, 1.0, most_active)};
}

}  // namespace

bool BenchmarkRouter::knows(const std::string& distribution) {
  return distribution == "balanced" || exponent_of(distribution).has_value();
}

RoutedLoad BenchmarkRouter::load(const BenchmarkRouting& routing) {
  const auto found = known_.find(routing);
  if (found != known_.end()) return found->second;
  return known_.emplace(routing, load_of(routing)).first->second;
}

}  // namespace helixsim
