#include "sim/calibration/group_limits.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace helixsim {
namespace {

constexpr std::size_t kGroups = 8;
constexpr std::size_t kKept = 4;

/// Takes the experts of all but the heaviest groups out: their weights become -1.
void keep_groups(std::vector<int>& weights) {
  const std::size_t size = weights.size() / kGroups;
  std::array<int, kGroups> scores{};
  for (std::size_t group = 0; group < kGroups; ++group) {
    int first = 0;
    int second = 0;
    for (std::size_t expert = group * size; expert < (group + 1) * size; ++expert) {
      if (weights[expert] > first) {
        second = std::exchange(first, weights[expert]);
      } else {
        second = std::max(second, weights[expert]);
      }
    }
    scores[group] = first + second;
  }
  std::array<std::size_t, kGroups> groups{};
  std::iota(groups.begin(), groups.end(), std::size_t{0});
  std::stable_sort(groups.begin(), groups.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  for (std::size_t place = kKept; place < kGroups; ++place) {
    const auto from = weights.begin() + static_cast<std::ptrdiff_t>(groups[place] * size);
    std::fill(from, from + static_cast<std::ptrdiff_t>(size), -1);
  }
}

/// The experts of one token, the `count` heaviest ones; `weights` and `order` are room to work in.
void choose(std::span<const int> favoured, std::vector<int>& weights,
            std::vector<std::size_t>& order) {
  std::fill(weights.begin(), weights.end(), 0);
  for (const int expert : favoured) ++weights[static_cast<std::size_t>(expert)];
  if (weights.size() % kGroups == 0 && weights.size() >= 2 * kGroups) keep_groups(weights);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(favoured.size()),
                    order.end(), [&](std::size_t a, std::size_t b) {
                      return std::pair(-weights[a], a) < std::pair(-weights[b], b);
                    });
}

}  // namespace

FavouredExperts evenly_favoured(const BenchmarkRouting& routing) {
  const int stride = (routing.experts + routing.experts_per_token - 1) / routing.experts_per_token;
  FavouredExperts choices;
  for (int token = 0; token < routing.tokens; ++token) {
    const int first =
        routing.tokens >= stride
            ? token
            : static_cast<int>(static_cast<long long>(token) * stride / routing.tokens);
    for (int i = 0; i < routing.experts_per_token; ++i) {
      choices.push_back((first + i * stride) % routing.experts);
    }
  }
  return choices;
}

FavouredExperts dealt(const BenchmarkRouting& routing, const ExpertLoads& loads) {
  std::vector<int> order(loads.pairs.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return loads.pairs[static_cast<std::size_t>(a)] > loads.pairs[static_cast<std::size_t>(b)];
  });
  FavouredExperts choices(static_cast<std::size_t>(routing.tokens) *
                          static_cast<std::size_t>(routing.experts_per_token));
  std::size_t place = 0;
  for (const int expert : order) {
    for (int pair = 0; pair < loads.pairs[static_cast<std::size_t>(expert)]; ++pair, ++place) {
      const std::size_t token = place % static_cast<std::size_t>(routing.tokens);
      const std::size_t round = place / static_cast<std::size_t>(routing.tokens);
      const std::size_t at = token * static_cast<std::size_t>(routing.experts_per_token) + round;
      if (at < choices.size()) choices[at] = expert;
    }
  }
  return choices;
}

std::vector<int> group_limited_pairs(const BenchmarkRouting& routing,
                                     const FavouredExperts& favoured) {
  const auto experts = static_cast<std::size_t>(routing.experts);
  const auto each = static_cast<std::size_t>(routing.experts_per_token);
  std::vector<int> pairs(experts, 0);
  std::vector<int> weights(experts);
  std::vector<std::size_t> order(experts);
  std::span<const int> before;
  for (std::size_t at = 0; at < favoured.size(); at += each) {
    const std::span<const int> own = std::span(favoured).subspan(at, each);
    if (!std::equal(own.begin(), own.end(), before.begin(), before.end())) {
      choose(own, weights, order);
    }
    before = own;
    for (std::size_t i = 0; i < each; ++i) ++pairs[order[i]];
  }
  return pairs;
}

}  // namespace helixsim
