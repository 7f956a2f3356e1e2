#include "sim/decode/kv_load.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace helixsim {

double tokens_owned(double tokens, int block, int kvp, int width) {
  const double turn = static_cast<double>(block) * width;
  const double turns = std::floor(tokens / turn);
  const double rest = tokens - turns * turn;
  const double before = static_cast<double>(block) * kvp;
  return turns * block + std::clamp(rest - before, 0.0, static_cast<double>(block));
}

std::vector<double> kv_loads(std::span<const double> contexts, int block, int width) {
  const double total = std::accumulate(contexts.begin(), contexts.end(), 0.0);
  std::vector<double> loads(static_cast<std::size_t>(width), 0.0);
  for (int kvp = 0; kvp < width; ++kvp) {
    double held = 0.0;
    for (const double tokens : contexts) held += tokens_owned(tokens, block, kvp, width);
    loads[static_cast<std::size_t>(kvp)] = held * width / total;
  }
  return loads;
}

std::vector<double> attention_loads(const Setup& setup, const Point& point) {
  constexpr int kDefaultBlock = 16;  // tokens, as in the Helix paper
  if (point.contexts.empty() && !setup.rack.kv_append_block) return {};
  const Layout& layout = point.layout;
  const auto requests = static_cast<std::size_t>(point.batch / layout.dp);
  std::vector<double> all = point.contexts;
  if (all.empty()) all.assign(static_cast<std::size_t>(point.batch), point.context);
  const int block = setup.rack.kv_append_block.value_or(kDefaultBlock);
  std::vector<double> loads;
  for (int group = 0; group < layout.dp; ++group) {
    const auto contexts =
        std::span(all).subspan(static_cast<std::size_t>(group) * requests, requests);
    double held = 0.0;
    for (const double tokens : contexts) held += tokens;
    const double of_group = held / (static_cast<double>(requests) * point.context);
    for (const double load : kv_loads(contexts, block, layout.kvp)) {
      loads.insert(loads.end(), static_cast<std::size_t>(layout.tpa), load * of_group);
    }
  }
  return loads;
}

double fullest_kv_load(const Setup& setup, const Point& point) {
  const std::vector<double> loads = attention_loads(setup, point);
  return loads.empty() ? 1.0 : *std::max_element(loads.begin(), loads.end());
}

}  // namespace helixsim
