#pragma once

#include <string>
#include <vector>

#include "sim/config/node.hpp"
#include "sim/parallel/hop_b.hpp"
#include "sim/parallel/registry.hpp"

namespace helixsim {

/// Widths that one strategy tries; fields that do not apply to it hold a single 1.
struct StrategySpace {
  const StrategyEntry* strategy = nullptr;
  std::vector<int> tpa;
  std::vector<int> kvp;
  std::vector<int> dp;
  std::vector<int> tpf;
  std::vector<int> ep;
  std::vector<int> pp;
};

/// What a sweep tries: every combination of these lists that makes a valid point.
struct SearchSpace {
  std::string title;
  std::vector<double> contexts;
  std::vector<int> gpus;
  std::vector<StrategySpace> strategies;
  std::vector<int> batches;
  std::vector<HopB> hop_bs;
};

/// Reads "helixsim/search_space/1": contexts, gpus, widths, strategies (each may narrow the
/// widths), batch, hop_b. Errors: ConfigError.
SearchSpace read_search_space(const Node& document);

/// A rising list of contexts, each as read_context() takes it.
std::vector<double> read_contexts(const Node& node);

}  // namespace helixsim
