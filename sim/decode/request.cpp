#include "sim/decode/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "hw_models/collectives/registry.hpp"
#include "hw_models/system.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/llm/model_file.hpp"
#include "sim/llm/precision_file.hpp"
#include "sim/units/draw.hpp"
#include "sim/units/parse.hpp"

namespace helixsim {
namespace {

void read_weights(const Node& node, PrecisionRequest& precision) {
  const auto add = [&](const Node& one) {
    PrecisionPlan().set_weights(one.as_text(), one.place());  // refuses what is not understood
    precision.weights.emplace_back(one.as_text(), one.place());
  };
  if (node.is_string()) {
    add(node);
  } else {
    for (const Node& one : node.elements()) add(one);
  }
}

void read_precision(const Node& parent, std::string_view key, std::optional<Precision>& precision) {
  if (!parent.has(key)) return;
  const Node node = parent.at(key);
  precision = precision_named(node.as_text(), node.place());
}

/// Predictions where the system has them, else the calibration.
std::string_view standing_fidelity(const System& system) {
  for (const std::string_view wanted : {"measured", "paper"}) {
    const auto& all = system.fidelities;
    if (std::find(all.begin(), all.end(), wanted) != all.end()) return wanted;
  }
  return system.fidelities.front();
}

/// The FFN width that uses all GPUs, when the user left tpf out.
int fitting_tpf(const StrategyEntry& strategy, const Layout& layout) {
  const int ffn_gpus = strategy.get().widths(layout, {}).dense_ffn;
  return ffn_gpus % layout.ep == 0 ? ffn_gpus / layout.ep : 1;
}

}  // namespace

HopB read_hop_b(const Node& node, std::span<const std::string> names) {
  constexpr Range<long long> kChunks{1, 1'000'000};
  if (node.is_number()) return {HopBMode::Chunks, static_cast<int>(node.as_integer(kChunks))};
  const std::string text = node.as_text();
  const auto hop_b = parse_hop_b(text);
  const bool known = hop_b && (hop_b->mode == HopBMode::Chunks
                                   ? hop_b->chunks <= kChunks.high
                                   : std::find(names.begin(), names.end(), text) != names.end());
  if (known) return *hop_b;
  std::string expected = "a chunk count";
  for (const std::string& name : names) expected += ", " + name;
  const std::string near = nearest_name(text, names);
  node.fail("expected " + expected + ", got \"" + text + "\"" +
            (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

double read_context(const Node& node) {
  constexpr Range<double> kTokens{1.0, 1e12};
  if (!node.is_string()) return node.as_number(kTokens);
  const std::string text = node.as_text();
  const auto tokens = parse_tokens(text);
  if (!tokens)
    node.fail("expected a count of tokens, such as 1000000 or \"1M\", got \"" + text + "\"");
  if (!(*tokens >= kTokens.low && *tokens <= kTokens.high))
    node.fail("\"" + text + "\" is outside [1, 1e12]");
  return *tokens;
}

Contexts read_contexts_of(const Node& node, int requests, std::uint64_t seed) {
  constexpr std::uint64_t kOfContexts = 0xc07e87;  // keeps draws of one seed apart
  Contexts contexts;
  const auto draw = [&](double low, double high) {
    if (low > high) node.fail("expected the smaller context first");
    for (int i = 0; i < requests; ++i) {
      const double share = drawn(seed ^ kOfContexts, static_cast<std::uint64_t>(i), 0);
      contexts.each.push_back(std::floor(low + share * (high - low)));
    }
  };
  const auto parse = [&](std::string_view text) {
    return read_context(Node(std::make_shared<nlohmann::json>(std::string(text)), node.place()));
  };
  if (node.is_object()) {
    node.allow_only({"uniform"});
    const auto bounds = node.array("uniform");
    if (bounds.size() != 2) node.at("uniform").fail("expected the smallest and largest context");
    draw(read_context(bounds[0]), read_context(bounds[1]));
  } else if (node.is_array()) {
    for (const Node& one : node.elements()) contexts.each.push_back(read_context(one));
  } else if (const std::string text = node.is_string() ? node.as_text() : "";
             text.starts_with("uniform:")) {
    const auto middle = text.find(':', 8);
    if (middle == std::string::npos) node.fail("expected text such as \"uniform:64k:1M\"");
    draw(parse(text.substr(8, middle - 8)), parse(text.substr(middle + 1)));
  } else if (text.find(',') != std::string::npos) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const auto end = std::min(text.find(',', begin), text.size());
      contexts.each.push_back(parse(text.substr(begin, end - begin)));
      begin = end + 1;
    }
  } else {
    contexts.mean = read_context(node);
    return contexts;
  }
  if (contexts.each.size() != static_cast<std::size_t>(requests)) {
    node.fail(fmt::format("{} contexts for {} request{}; expected one for each",
                          contexts.each.size(), requests, requests == 1 ? "" : "s"));
  }
  double total = 0.0;
  for (const double tokens : contexts.each) total += tokens;
  contexts.mean = total / requests;
  return contexts;
}

std::vector<std::string_view> setup_keys() {
  std::vector<std::string_view> keys{"model",          "system",      "fidelity",
                                     "precision",      "weights",     "kv",
                                     "attention_math", "activations", "all_reduce"};
  for (const std::string_view key : option_keys()) keys.push_back(key);
  for (const std::string_view key : rack_keys()) keys.push_back(key);
  return keys;
}

void read_setup_keys(const Node& node, const Catalog& catalog, SetupRequest& request) {
  request.model = node.text("model", request.model);
  request.system = node.text("system", request.system);
  request.fidelity = node.text("fidelity", request.fidelity);
  if (node.has("all_reduce")) {
    const auto names = all_reduce_choices();
    request.all_reduce = names[node.choice("all_reduce", names)];
  }
  if (node.has("precision")) {
    const std::string place = node.at("precision").place();
    request.precision = {.preset = read_precision_plan(
                             catalog.read("configs/precision", node.text("precision"), place))};
  }
  if (node.has("weights")) read_weights(node.at("weights"), request.precision);
  read_precision(node, "kv", request.precision.kv_cache);
  read_precision(node, "attention_math", request.precision.attention_math);
  read_precision(node, "activations", request.precision.activations);
  read_option_keys(node, request.options, request.given_options);
  read_rack_keys(node, request.rack);
}

SplitOverrides split_overrides(std::span<const Override> overrides) {
  SplitOverrides split;
  for (const Override& change : overrides) {
    const bool of_setup = change.path.starts_with("model.") || change.path.starts_with("system.");
    (of_setup ? split.setup : split.file).push_back(change);
  }
  return split;
}

Setup make_setup(const SetupRequest& request, const Catalog& catalog,
                 std::span<const Override> overrides) {
  if (request.model.empty()) {
    throw ConfigError("--model: expected a model" +
                      suggestion("", catalog.names("configs/models")));
  }
  std::vector<Override> of_model;
  std::vector<Override> of_system;
  for (const Override& change : overrides) {
    if (change.path.starts_with("model.")) {
      of_model.push_back({change.path.substr(6), change.value, "model."});
    } else if (change.path.starts_with("system.")) {
      of_system.push_back({change.path.substr(7), change.value, "system."});
    } else {
      throw ConfigError("--set " + change.path +
                        ": expected a path that begins with model. or system.");
    }
  }
  const Node model =
      with_overrides(catalog.read("configs/models", request.model, "--model"), of_model);
  const System system = read_system(
      with_overrides(catalog.read("hw_models/systems", request.system, "--system"), of_system));
  const std::string_view fidelity =
      request.fidelity.empty() ? standing_fidelity(system) : std::string_view(request.fidelity);
  Hardware hardware(system, fidelity, request.all_reduce);
  const PrecisionPlan standing =
      hardware.precision().empty()
          ? PrecisionPlan()
          : read_precision_plan(catalog.read(
                "configs/precision", hardware.precision(),
                system.document.file() + ": /fidelities/" + std::string(fidelity) + "/precision"));
  Setup setup(read_model(model), std::move(hardware), request.precision.over(standing),
              request.options);
  check_options(request.given_options, request.options, setup.model, setup.hardware.accounting());
  if (request.rack.sample_experts && request.options.routing != Routing{}) {
    throw ConfigError("experts: sampled draws them uniformly; expected routing uniform beside it");
  }
  setup.given_options = request.given_options;
  setup.rack = request.rack;
  check_rack(setup.rack, setup.hardware.fabric());
  return setup;
}

std::vector<std::string_view> point_keys() {
  return {"strategy", "tpa", "kvp", "dp", "tpf", "ep", "pp", "batch", "context", "hop_b"};
}

std::vector<std::string_view> point_file_keys() {
  std::vector<std::string_view> keys = setup_keys();
  for (const std::string_view key : point_keys()) keys.push_back(key);
  keys.push_back("format");
  return keys;
}

Point read_point(const Node& node, const Setup& setup) {
  const auto rows = strategies();
  Point point;
  point.strategy = &rows[node.choice("strategy", names_of(rows))];
  check_options(setup.given_options, std::span(&point.strategy, 1));
  const auto width = [&](std::string_view key, int& value) {
    if (node.has(key)) value = static_cast<int>(node.integer(key, {1, 1024}));
  };
  Layout& layout = point.layout;
  width("tpa", layout.tpa);
  width("kvp", layout.kvp);
  width("dp", layout.dp);
  width("ep", layout.ep);
  width("pp", layout.pp);
  layout.tpf = fitting_tpf(*point.strategy, layout);
  width("tpf", layout.tpf);
  if (node.has("batch")) point.batch = static_cast<int>(node.integer("batch", {1, 1'000'000}));
  if (node.has("hop_b")) point.hop_b = read_hop_b(node.at("hop_b"), hop_b_names());
  if (node.has("context")) {
    Contexts contexts = read_contexts_of(node.at("context"), point.batch, setup.rack.seed);
    point.context = contexts.mean;
    point.contexts = std::move(contexts.each);
  } else {
    point.context = 1e6;
  }
  auto fault = fault_of(setup, point);
  if (!fault) fault = beyond_layout(setup.rack, layout.gpus());
  if (fault) {
    if (node.has(fault->field)) node.at(fault->field).fail(fault->message);
    node.fail(fault->field + ": " + fault->message);
  }
  return point;
}

}  // namespace helixsim
