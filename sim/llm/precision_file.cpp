#include "sim/llm/precision_file.hpp"

#include <string>
#include <vector>

namespace helixsim {
namespace {

Precision read_format(const Node& parent, std::string_view key) {
  return precision_named(parent.text(key), parent.at(key).place());
}

}  // namespace

PrecisionPlan read_precision_plan(const Node& document) {
  document.expect("format", "helixsim/precision/1");
  document.allow_only(
      {"format", "name", "title", "source", "weights", "kv", "attention_math", "activations"});
  (void)document.text("name");
  (void)document.text("source");
  PrecisionPlan plan;
  const Node weights = document.object("weights");
  std::vector<std::string_view> classes;
  for (const WeightClassEntry& row : weight_classes()) classes.push_back(row.name);
  weights.allow_only(classes);
  for (const WeightClassEntry& row : weight_classes()) {
    plan.weights[static_cast<std::size_t>(row.weight_class)] = read_format(weights, row.name);
  }
  plan.kv_cache = read_format(document, "kv");
  plan.attention_math = read_format(document, "attention_math");
  plan.activations = read_format(document, "activations");
  return plan;
}

}  // namespace helixsim
