#include "sim/decode/point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace helixsim {

std::string_view name_of(Shortage shortage) {
  switch (shortage) {
    case Shortage::None:
      return "";
    case Shortage::Weights:
      return "weights";
    case Shortage::KvCache:
      return "kv_cache";
  }
  return "";
}

namespace {

/// The width to blame when there are too many GPUs.
const char* widest(const Layout& layout) {
  const std::pair<int, const char*> widths[] = {
      {layout.tpa, "tpa"}, {layout.kvp, "kvp"}, {layout.dp, "dp"}, {layout.pp, "pp"}};
  return std::max_element(std::begin(widths), std::end(widths),
                          [](const auto& a, const auto& b) { return a.first < b.first; })
      ->second;
}

}  // namespace

std::optional<LayoutFault> layout_fault(const Setup& setup, const StrategyEntry& strategy,
                                        const Layout& layout) {
  const int available = setup.hardware.fabric().total_gpus();
  if (auto fault = common_fault(setup.model, *setup.attention, layout)) return fault;
  if (auto fault = strategy.get().fault(*setup.attention, setup.model, layout)) return fault;
  if (layout.dp > 1 && strategy.takes.moe_exchange &&
      setup.options.moe_exchange == MoeExchange::AllGather) {
    return LayoutFault{"moe_exchange",
                       "all_gather is of one group of requests; with dp above 1 tokens are "
                       "dispatched"};
  }
  const int groups = setup.model.moe.groups;
  if (setup.options.routing.kind == Routing::Kind::GroupLimited && layout.ep % groups != 0 &&
      groups % layout.ep != 0) {
    return LayoutFault{"ep", fmt::format("{} and the model's {} expert groups do not divide one "
                                         "another, as routing group_limited wants",
                                         layout.ep, groups)};
  }
  if (layout.gpus() > available) {
    return LayoutFault{widest(layout), fmt::format("the layout has {} GPUs, the system has {}",
                                                   layout.gpus(), available)};
  }
  return std::nullopt;
}

std::optional<LayoutFault> fault_of(const Setup& setup, const Point& point) {
  if (auto fault = layout_fault(setup, *point.strategy, point.layout)) return fault;
  if (point.batch % point.layout.dp != 0) {
    return LayoutFault{"batch",
                       fmt::format("{} is not divisible by dp = {}", point.batch, point.layout.dp)};
  }
  const int requests = point.batch / point.layout.dp;
  if (point.hop_b.mode == HopBMode::Chunks && point.hop_b.chunks > requests) {
    return LayoutFault{
        "hop_b", fmt::format("{} is outside [1, {}]; an attention group holds {} request{}",
                             point.hop_b.chunks, requests, requests, requests == 1 ? "" : "s")};
  }
  return std::nullopt;
}

}  // namespace helixsim
