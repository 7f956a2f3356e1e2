#include "sim/calibration/benchmark_routing.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/calibration/group_limits.hpp"
#include "sim/calibration/power_law_loads.hpp"

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

RoutedLoad first_rank(const std::vector<int>& pairs, std::size_t local) {
  RoutedLoad load{.rows = 0.0, .active = 0.0};
  for (std::size_t expert = 0; expert < std::min(local, pairs.size()); ++expert) {
    load.rows += pairs[expert];
    load.active += pairs[expert] > 0 ? 1.0 : 0.0;
  }
  return load;
}

RoutedLoad load_of(const BenchmarkRouting& routing) {
  const auto exponent = exponent_of(routing.distribution);
  const double local = routing.local_experts();
  const auto first = static_cast<std::size_t>(local);
  RoutedLoad load{.rows = 0.0, .active = 0.0};
  if (!exponent && routing.group_limited) {
    load = first_rank(group_limited_pairs(routing, evenly_favoured(routing)), first);
  } else if (!exponent) {
    load.rows = static_cast<double>(routing.tokens) * routing.experts_per_token / routing.ep;
    load.active = load.rows;
  }
  for (int draw = 0; exponent && draw < kDraws; ++draw) {
    const ExpertLoads loads = power_law_loads(routing, *exponent, draw);
    const RoutedLoad one =
        routing.group_limited
            ? first_rank(group_limited_pairs(routing, dealt(routing, loads)), first)
            : first_rank(loads.pairs, first);
    load.rows += one.rows / kDraws;
    load.active += one.active / kDraws;
  }
  return {.rows = std::max(load.rows, 1.0), .active = std::clamp(load.active, 1.0, local)};
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
