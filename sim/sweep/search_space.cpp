#include "sim/sweep/search_space.hpp"

#include <algorithm>
#include <optional>

#include "sim/config/suggest.hpp"
#include "sim/decode/request.hpp"
#include "sim/sweep/number_list.hpp"

namespace helixsim {
namespace {

constexpr Range<long long> kWidths{1, 1024};
constexpr std::string_view kWidthNames[] = {"tpa", "kvp", "dp", "tpf", "ep", "pp"};

std::vector<int> read_width(const Node& node, int largest) {
  if (!node.is_string()) return read_number_list(node, kWidths);
  const std::string names[] = {"powers_of_two"};
  (void)node.as_choice(names);
  return powers_of_two(largest);
}

/// The lists of one strategy: its own, else the common ones, else powers of two; a single 1 where
/// it has no such width. Attention groups that a strategy does not need must be its own choice.
StrategySpace read_strategy(const StrategyEntry& strategy, const Node& own, const Node* common,
                            int largest) {
  own.allow_only(kWidthNames);
  const auto list = [&](std::string_view key, bool used, bool varied = true) -> std::vector<int> {
    if (!used) {
      if (own.has(key))
        own.at(key).fail("strategy " + std::string(strategy.name) + " has no such width");
      return {1};
    }
    if (own.has(key)) return read_width(own.at(key), largest);
    if (!varied) return {1};
    if (common != nullptr && common->has(key)) return read_width(common->at(key), largest);
    return powers_of_two(largest);
  };
  return {.strategy = &strategy,
          .tpa = list("tpa", true),
          .kvp = list("kvp", strategy.uses_kvp),
          .dp = list("dp", strategy.uses_dp, strategy.needs_dp),
          .tpf = list("tpf", true),
          .ep = list("ep", true),
          .pp = list("pp", true)};
}

/// Modes that may stand on a frontier: those of figure 3 exist for its claim only.
std::vector<std::string> frontier_modes() {
  return {to_text(HopB{HopBMode::Off, 1}), to_text(HopB{HopBMode::Best, 1}),
          to_text(HopB{HopBMode::DeviceInitiated, 1})};
}

}  // namespace

std::vector<double> read_contexts(const Node& node) {
  std::vector<double> contexts;
  for (const Node& element : node.elements()) {
    const double tokens = read_context(element);
    if (!contexts.empty() && tokens <= contexts.back()) element.fail("contexts must rise");
    contexts.push_back(tokens);
  }
  if (contexts.empty()) node.fail("expected at least one context");
  if (contexts.size() > 1000) node.fail("more than 1,000 contexts");
  return contexts;
}

SearchSpace read_search_space(const Node& document) {
  document.expect("format", "helixsim/search_space/1");
  document.allow_only(
      {"format", "title", "contexts", "gpus", "widths", "strategies", "batch", "hop_b"});
  SearchSpace space;
  space.title = document.text("title", "");
  space.contexts = read_contexts(document.at("contexts"));
  space.gpus = read_number_list(document.at("gpus"), kWidths);
  space.batches = read_number_list(document.at("batch"), {1, 1'000'000});

  std::optional<Node> common;
  if (document.has("widths")) {
    common = document.object("widths");
    common->allow_only(kWidthNames);
  }
  const Node chosen = document.object("strategies");
  const auto rows = strategies();
  const std::vector<std::string> names = names_of(rows);
  const std::vector<std::string_view> views(names.begin(), names.end());
  chosen.allow_only(views);
  for (const StrategyEntry& row : rows) {
    if (!chosen.has(row.name)) continue;
    space.strategies.push_back(read_strategy(row, chosen.object(row.name),
                                             common ? &*common : nullptr, space.gpus.back()));
  }
  if (space.strategies.empty())
    chosen.fail("expected at least one strategy" + suggestion("", names));

  if (document.has("hop_b")) {
    for (const Node& mode : document.array("hop_b")) {
      const HopB hop_b = read_hop_b(mode, frontier_modes());
      if (std::find(space.hop_bs.begin(), space.hop_bs.end(), hop_b) != space.hop_bs.end())
        mode.fail("named twice");
      space.hop_bs.push_back(hop_b);
    }
  }
  if (space.hop_bs.empty()) space.hop_bs.push_back({HopBMode::Best, 1});
  return space;
}

}  // namespace helixsim
