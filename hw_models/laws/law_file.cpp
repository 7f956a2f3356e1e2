#include "hw_models/laws/law_file.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/config/suggest.hpp"

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "helixsim/laws/1";
constexpr double kTera = 1e12;
constexpr double kThousand = 1000.0;
constexpr std::size_t kMostNodes = 200'000;

// ---- reading ------------------------------------------------------------------------------------

template <class Law>
std::vector<std::string> coordinate_names() {
  return names_of(Law::coordinates());
}

LawError read_error(const Node& node) {
  node.allow_only({"median_percent", "p90_percent", "log_bias", "log_sd"});
  return {.median_percent = node.number("median_percent", {0.0, 1e4}),
          .p90_percent = node.number("p90_percent", {0.0, 1e4}),
          .log_bias = node.number("log_bias", {-10.0, 10.0}),
          .log_sd = node.number("log_sd", {0.0, 5.0})};
}

template <class Law>
void read_parameters(const Node& node, FittedLaw<Law>& fitted) {
  std::vector<std::string_view> keys;
  for (const auto& parameter : Law::parameters()) keys.push_back(parameter.name);
  node.allow_only(keys);
  for (const LawParameter<Law>& parameter : Law::parameters()) {
    const Node number = node.object(parameter.name);
    number.allow_only({"value", "unit", "source", "error_percent"});
    number.expect("unit", parameter.unit);
    // A data sheet may take a rate beyond what a fit may find.
    const double beyond = fitted.transferred_from.empty() ? 1.0 + 1e-9 : 100.0;
    const double value = number.number("value", {parameter.low / parameter.scale / beyond,
                                                 parameter.high / parameter.scale * beyond});
    fitted.law.*parameter.value = value * parameter.scale;
    const std::string sources[] = {"fitted", "assumed", "transferred"};
    fitted.fits.push_back({.log_error = number.number("error_percent", {0.0, 1e6}) / 100.0,
                           .pinned = number.choice("source", sources) == 1});
  }
}

template <class Law>
void read_facts_and_choices(const Node& node, FittedLaw<Law>& fitted) {
  std::vector<std::string_view> keys;
  for (const auto& fact : Law::facts()) keys.push_back(fact.name);
  for (const auto& choice : Law::choices()) keys.push_back(choice.name);
  const Node given = node.object("given");
  given.allow_only(keys);
  for (const LawFact<Law>& fact : Law::facts()) {
    fitted.law.*fact.value = given.number(fact.name, {1e-6, 1e9}) * fact.scale;
  }
  for (const LawChoice<Law>& choice : Law::choices()) {
    fitted.law.*choice.value = static_cast<int>(given.integer(choice.name, {0, 100'000}));
  }
}

std::vector<double> read_nodes(const Node& axis) {
  std::vector<double> nodes;
  for (const Node& node : axis.array("nodes")) {
    nodes.push_back(std::log2(node.as_number({1e-3, 1e15})));
    if (nodes.size() > 1 && !(nodes[nodes.size() - 2] < nodes.back())) {
      node.fail("expected nodes that rise");
    }
  }
  if (nodes.empty()) axis.at("nodes").fail("expected at least one node");
  return nodes;
}

/// Whole thousandths in lines of text, with a space between: a tenth of the work of a JSON array.
std::vector<double> read_values(const Node& node, std::size_t size) {
  constexpr int kMost = 100'000;
  std::vector<double> values;
  values.reserve(size);
  for (const Node& line : node.array("values")) {
    const std::string text = line.as_text();
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
      int number = 0;
      const auto parsed = std::from_chars(at, end, number);
      if (parsed.ec != std::errc() || std::abs(number) > kMost) {
        line.fail("expected whole numbers of thousandths with a space between");
      }
      values.push_back(number / kThousand);
      at = parsed.ptr;
      if (at != end && *at == ' ') ++at;
    }
  }
  if (values.size() != size) {
    node.at("values").fail("expected " + std::to_string(size) + " whole numbers, one a node, got " +
                           std::to_string(values.size()));
  }
  return values;
}

template <class Law>
ResidualTable read_table(const Node& node) {
  node.allow_only({"axes", "values"});
  const std::vector<std::string> names = coordinate_names<Law>();
  std::vector<ResidualAxis> axes;
  std::size_t size = 1;
  for (const Node& axis : node.array("axes")) {
    axis.allow_only({"of", "nodes"});
    axes.push_back({.coordinate = axis.choice("of", names), .nodes = read_nodes(axis)});
    size *= axes.back().nodes.size();
    if (axes.size() > ResidualTable::kMostAxes || size > kMostNodes) {
      axis.fail("a table of residuals has at most " + std::to_string(ResidualTable::kMostAxes) +
                " axes and " + std::to_string(kMostNodes) + " nodes");
    }
  }
  if (axes.empty()) node.at("axes").fail("expected at least one axis");
  return {std::move(axes), read_values(node, size)};
}

template <class Law>
void read_range(const Node& node, FittedLaw<Law>& fitted) {
  std::vector<std::string_view> keys;
  for (const auto& coordinate : Law::coordinates()) keys.push_back(coordinate.name);
  node.allow_only(keys);
  for (const std::string_view key : keys) {
    const auto ends = node.array(key);
    if (ends.size() != 2) node.at(key).fail("expected two numbers, lowest and highest");
    fitted.low.push_back(std::log2(ends[0].as_number({1e-3, 1e15})));
    fitted.high.push_back(std::log2(ends[1].as_number({1e-3, 1e15})));
    if (fitted.high.back() < fitted.low.back()) node.at(key).fail("expected lowest, then highest");
  }
}

template <class Law>
FittedLaw<Law> read_law(const Node& node, const LawGpu& gpu) {
  node.allow_only({"law", "source", "transferred_from", "rows", "given", "parameters", "range",
                   "held_out", "held_out_law_alone", "residuals"});
  FittedLaw<Law> fitted;
  if constexpr (requires(Law law) { law.gpu; }) fitted.law.gpu = gpu;
  fitted.source = node.text("source");
  if (node.has("transferred_from")) fitted.transferred_from = node.text("transferred_from");
  fitted.rows = node.integer("rows", {0, 1'000'000'000});
  read_facts_and_choices(node, fitted);
  read_parameters(node.object("parameters"), fitted);
  read_range(node.object("range"), fitted);
  fitted.error = read_error(node.object("held_out"));
  fitted.law_error = read_error(node.object("held_out_law_alone"));
  for (const Node& table : node.array("residuals")) {
    fitted.residuals.push_back(read_table<Law>(table));
  }
  return fitted;
}

DataSheet read_data_sheet(const Node& node) {
  node.allow_only({"memory_bandwidth", "bf16", "fp8", "fp4", "link_bandwidth"});
  const auto rate = [&](std::string_view key) {
    return BytesPerSecond(kTera * node.number(key, {1e-3, 1e3}));
  };
  const auto peak = [&](std::string_view key) {
    return FlopsPerSecond(kTera * node.number(key, {1e-3, 1e6}));
  };
  return {.memory_bandwidth = rate("memory_bandwidth"),
          .bf16 = peak("bf16"),
          .fp8 = peak("fp8"),
          .fp4 = peak("fp4"),
          .link_bandwidth = rate("link_bandwidth")};
}

template <class Law>
void read_as(const Node& all, const std::string& family, const LawGpu& gpu, FittedLaws& laws) {
  FittedLaw<Law> law = read_law<Law>(all.object(family), gpu);
  law.family = family;
  of_law<Law, FittedLaw>(laws.laws).emplace(family, std::move(law));
}

// ---- writing ------------------------------------------------------------------------------------

/// Six digits: more than any fit knows, few enough to read.
double rounded(double value) {
  if (value == 0.0) return 0.0;
  const double scale = std::pow(10.0, 5.0 - std::floor(std::log10(std::abs(value))));
  const double shorter = std::round(value * scale) / scale;
  return std::isfinite(shorter) ? shorter : value;
}

Json error_json(const LawError& error) {
  return {{"median_percent", rounded(error.median_percent)},
          {"p90_percent", rounded(error.p90_percent)},
          {"log_bias", rounded(error.log_bias)},
          {"log_sd", rounded(error.log_sd)}};
}

/// In TB/s and TFLOP/s.
Json data_sheet_json(const DataSheet& sheet) {
  return {{"memory_bandwidth", rounded(sheet.memory_bandwidth.value() / kTera)},
          {"bf16", rounded(sheet.bf16.value() / kTera)},
          {"fp8", rounded(sheet.fp8.value() / kTera)},
          {"fp4", rounded(sheet.fp4.value() / kTera)},
          {"link_bandwidth", rounded(sheet.link_bandwidth.value() / kTera)}};
}

/// Nodes are powers of two and what data have between: whole numbers where they are.
Json node_json(double log2_value) {
  const double value = std::exp2(log2_value);
  const double whole = std::round(value);
  if (std::abs(value - whole) < 1e-6 * value) return static_cast<long long>(whole);
  return rounded(value);
}

template <class Law>
Json table_json(const ResidualTable& table) {
  Json axes = Json::array();
  for (const ResidualAxis& axis : table.axes()) {
    Json nodes = Json::array();
    for (const double node : axis.nodes) nodes.push_back(node_json(node));
    axes.push_back({{"of", Law::coordinates()[axis.coordinate].name}, {"nodes", nodes}});
  }
  constexpr std::size_t kLine = 100;
  Json values = Json::array();
  std::string line;
  for (const double value : table.values()) {
    const std::string number = std::to_string(std::lround(value * kThousand));
    if (!line.empty() && line.size() + number.size() >= kLine) {
      values.push_back(line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + number;
  }
  values.push_back(line);
  return {{"axes", axes}, {"values", values}};
}

template <class Law>
Json law_json(const FittedLaw<Law>& fitted) {
  Json given = Json::object();
  for (const auto& fact : Law::facts()) {
    given[std::string(fact.name)] = rounded(fitted.law.*fact.value / fact.scale);
  }
  for (const auto& choice : Law::choices()) {
    given[std::string(choice.name)] = fitted.law.*choice.value;
  }
  const bool moved = !fitted.transferred_from.empty();
  Json parameters = Json::object();
  std::size_t index = 0;
  for (const LawParameter<Law>& parameter : Law::parameters()) {
    const ParameterFit& fit = fitted.fits[index++];
    parameters[std::string(parameter.name)] = {
        {"value", rounded(fitted.law.*parameter.value / parameter.scale)},
        {"unit", parameter.unit},
        {"source", moved        ? "transferred"
                   : fit.pinned ? "assumed"
                                : "fitted"},
        {"error_percent", rounded(fit.log_error * 100.0)}};
  }
  Json range = Json::object();
  for (std::size_t c = 0; c < fitted.low.size(); ++c) {
    range[std::string(Law::coordinates()[c].name)] = {node_json(fitted.low[c]),
                                                      node_json(fitted.high[c])};
  }
  Json residuals = Json::array();
  for (const ResidualTable& table : fitted.residuals) residuals.push_back(table_json<Law>(table));
  Json json = {{"law", law_name<Law>()}, {"source", fitted.source}};
  if (moved) json["transferred_from"] = fitted.transferred_from;
  json.update({{"rows", fitted.rows},
               {"given", given},
               {"parameters", parameters},
               {"range", range},
               {"held_out", error_json(fitted.error)},
               {"held_out_law_alone", error_json(fitted.law_error)},
               {"residuals", residuals}});
  return json;
}

/// Objects over lines, what is small on one line.
void write(const Json& value, std::size_t indent, std::string& text) {
  constexpr std::size_t kLine = 118;
  const std::string flat = value.dump();
  const bool short_enough = flat.size() + indent <= kLine;
  if (short_enough || value.empty() || !(value.is_object() || value.is_array())) {
    text += flat;
    return;
  }
  const std::string margin(indent + 1, ' ');
  text += value.is_object() ? "{" : "[";
  std::size_t column = kLine + 1;  // of an array of numbers, which fills lines
  bool first = true;
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (!first) text += ",";
    first = false;
    if (value.is_array() && item->is_number()) {
      const std::string number = item->dump();
      if (column + number.size() + 1 > kLine) {
        text += "\n" + margin;
        column = margin.size();
      }
      text += number;
      column += number.size() + 1;
      continue;
    }
    text += "\n" + margin;
    if (value.is_object()) text += Json(item.key()).dump() + ": ";
    write(*item, indent + 1, text);
  }
  text += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

}  // namespace

FittedLaws read_laws(const Node& document, const LawGpu& gpu) {
  document.expect("format", kFormat);
  document.allow_only({"format", "system", "software", "data_sheet", "laws"});
  FittedLaws laws;
  laws.system = document.text("system");
  laws.software = document.text("software");
  if (document.has("data_sheet")) {
    laws.data_sheet = read_data_sheet(document.object("data_sheet"));
  }
  const Node all = document.object("laws");
  using Reader = void (*)(const Node&, const std::string&, const LawGpu&, FittedLaws&);
  std::vector<Reader> readers;
  std::vector<std::string> names;
  for_each_law([&]<class Law>() {
    readers.push_back(read_as<Law>);
    names.emplace_back(law_name<Law>());
  });
  for (const std::string& family : all.keys()) {
    readers[all.object(family).choice("law", names)](all, family, gpu, laws);
  }
  return laws;
}

std::string to_json(const FittedLaws& laws) {
  Json all = Json::object();
  for_each_law([&]<class Law>() {
    for (const auto& [family, fitted] : of_law<Law, FittedLaw>(laws.laws)) {
      all[family] = law_json(fitted);
    }
  });
  Json document = {{"format", kFormat}, {"system", laws.system}, {"software", laws.software}};
  if (laws.data_sheet != DataSheet{}) document["data_sheet"] = data_sheet_json(laws.data_sheet);
  document["laws"] = all;
  std::string text;
  write(document, 0, text);
  return text + "\n";
}

}  // namespace helixsim
