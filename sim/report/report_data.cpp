#include "sim/report/report_data.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "sim/parallel/registry.hpp"

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "helixsim/report/1";
constexpr Range<long long> kCount{0, 1'000'000'000'000'000};
constexpr Range<long long> kWidth{1, 65536};
constexpr Range<double> kPositive{1e-12, 1e15};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// One object of the members of several, written one behind the other.
std::string joined(std::initializer_list<std::string> objects) {
  std::string out = "{";
  for (const std::string& object : objects) {
    if (out.size() > 1) out += ',';
    out.append(object, 1, object.size() - 2);
  }
  return out += '}';
}

/// An object of one member whose value is written already.
std::string member(std::string_view name, std::string_view value) {
  std::string out = "{\"";
  out += name;
  out += "\":";
  out += value;
  return out += '}';
}

void append_number(std::string& out, std::integral auto value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}
void append_number(std::string& out, double value) {
  out += Json(value).dump();
}

/// `"name":[..]` of one number a point, or of several.
template <typename Get>
void add_column(std::string& out, std::string_view name, const std::vector<ReportPoint>& points,
                Get get) {
  out += out.size() > 1 ? ",\"" : "\"";
  out += name;
  out += "\":[";
  const std::size_t begin = out.size();
  const auto append = [&](auto value) {
    if (out.size() > begin) out += ',';
    append_number(out, value);
  };
  for (const ReportPoint& point : points) {
    if constexpr (requires { std::size(get(point)); }) {
      for (const auto value : get(point)) append(value);
    } else {
      append(get(point));
    }
  }
  out += ']';
}

Json counts_json(const SearchCounts& counts) {
  Json json{{"simulated", counts.simulated},
            {"infeasible", counts.infeasible()},
            {"invalid", counts.invalid},
            {"infeasible_by_reason",
             {{"kv_cache", counts.infeasible_kv_cache}, {"weights", counts.infeasible_weights}}}};
  if (counts.pruned) json["pruned"] = *counts.pruned;
  return json;
}

/// Written number by number: a document of values would be most of the work of a report.
std::string points_text(const std::vector<ReportPoint>& points) {
  std::string out = "{";
  add_column(out, "layout", points, [](const auto& p) { return p.layout; });
  add_column(out, "batch", points, [](const auto& p) { return p.batch; });
  add_column(out, "chunks", points, [](const auto& p) { return p.chunks; });
  add_column(out, "ttl_us", points, [](const auto& p) { return p.ttl_us; });
  add_column(out, "memory_gb", points, [](const auto& p) { return p.memory_gb; });
  add_column(out, "requests", points, [](const auto& p) { return p.requests; });
  add_column(out, "permille", points, [](const auto& p) { return p.permille; });
  add_column(out, "hidden_permille", points, [](const auto& p) { return p.hidden_permille; });
  return out += '}';
}

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

Json errors_json(const ReportView& view) {
  Json errors = Json::object();
  for (const auto& [name, of_frontier] : view.errors) {
    errors[name] = {{"log_sd", of_frontier.log_sd},
                    {"unsure", of_frontier.unsure},
                    {"fast_ratio_log_sd", optional_json(of_frontier.fast_ratio_log_sd)},
                    {"dense_ratio_log_sd", optional_json(of_frontier.dense_ratio_log_sd)}};
  }
  return errors;
}

std::string view_text(const ReportView& view) {
  Json layouts = Json::array();
  for (const ReportLayout& row : view.layouts) {
    const Layout& w = row.layout;
    layouts.push_back({row.strategy, w.tpa, w.kvp, w.dp, w.tpf, w.ep, w.pp, w.gpus()});
  }
  Json frontiers = Json::object();
  for (const auto& [name, indices] : view.frontiers) frontiers[name] = indices;
  Json counts = counts_json(view.counts);
  counts["shown"] = view.points.size();
  const Json head{{"run", view.run},
                  {"model", view.model},
                  {"model_title", view.model_title},
                  {"context_tokens", view.context},
                  {"baseline",
                   {{"strategies", view.baseline},
                    {"interactivity_max", optional_json(view.interactivity_max)},
                    {"throughput_max", optional_json(view.throughput_max)}}},
                  {"counts", counts},
                  {"layouts", layouts}};
  Json tail{{"frontier", frontiers}};
  if (!view.errors.empty()) tail["frontier_error"] = errors_json(view);
  return joined({dump(head), member("points", points_text(view.points)), dump(tail)});
}

Json claim_json(const ReportClaim& claim) {
  return {{"name", claim.name},
          {"text", claim.text},
          {"model", claim.model},
          {"context_tokens", claim.context},
          {"published", claim.published},
          {"ours", claim.ours},
          {"band", claim.band.empty() ? Json() : Json(claim.band)},
          {"verdict", claim.verdict},
          {"where", claim.where},
          {"source", claim.source}};
}

SearchCounts read_counts(const Node& node) {
  const Node reasons = node.object("infeasible_by_reason");
  SearchCounts counts{.simulated = node.integer("simulated", kCount),
                      .infeasible_weights = reasons.integer("weights", kCount),
                      .infeasible_kv_cache = reasons.integer("kv_cache", kCount),
                      .invalid = node.integer("invalid", kCount)};
  if (node.has("pruned")) counts.pruned = node.integer("pruned", kCount);
  return counts;
}

ReportLayout read_layout(const Node& node) {
  const auto cells = node.elements();
  if (cells.size() != 8) node.fail("expected a strategy and seven widths");
  const auto width = [&](std::size_t i) { return static_cast<int>(cells[i].as_integer(kWidth)); };
  return {cells[0].as_text(),
          {.tpa = width(1),
           .kvp = width(2),
           .dp = width(3),
           .tpf = width(4),
           .ep = width(5),
           .pp = width(6)}};
}

std::vector<ReportPoint> read_points(const Node& node, std::size_t layouts) {
  const auto layout = node.array("layout");
  if (layouts == 0 && !layout.empty()) node.at("layout").fail("there are no layouts to point to");
  std::vector<ReportPoint> points(layout.size());
  const auto read = [&](std::string_view key, std::size_t each, auto assign) {
    const auto cells = node.array(key);
    if (cells.size() != points.size() * each)
      node.at(key).fail("expected " + std::to_string(points.size() * each) + " values");
    for (std::size_t i = 0; i < cells.size(); ++i) assign(points[i / each], cells[i], i % each);
  };
  const Range<long long> share{0, 100'000};
  read("layout", 1, [&](ReportPoint& p, const Node& n, std::size_t) {
    p.layout = static_cast<int>(n.as_integer({0, static_cast<long long>(layouts) - 1}));
  });
  read("batch", 1, [](ReportPoint& p, const Node& n, std::size_t) {
    p.batch = static_cast<int>(n.as_integer({1, 1'000'000}));
  });
  read("chunks", 1, [](ReportPoint& p, const Node& n, std::size_t) {
    p.chunks = static_cast<int>(n.as_integer({0, 1'000'000}));
  });
  read("ttl_us", 1,
       [](ReportPoint& p, const Node& n, std::size_t) { p.ttl_us = n.as_number(kPositive); });
  read("memory_gb", 1, [](ReportPoint& p, const Node& n, std::size_t) {
    p.memory_gb = n.as_number({0.0, 1e9});
  });
  read("requests", 1, [](ReportPoint& p, const Node& n, std::size_t) {
    p.requests = n.as_integer({1, kCount.high});
  });
  read("permille", kTimeCategories, [&](ReportPoint& p, const Node& n, std::size_t i) {
    p.permille[i] = static_cast<int>(n.as_integer(share));
  });
  read("hidden_permille", 1, [&](ReportPoint& p, const Node& n, std::size_t) {
    p.hidden_permille = static_cast<int>(n.as_integer(share));
  });
  return points;
}

std::vector<std::string> read_texts(const Node& parent, std::string_view key) {
  std::vector<std::string> texts;
  for (const Node& node : parent.array(key)) texts.push_back(node.as_text());
  return texts;
}

std::optional<double> read_optional(const Node& parent, std::string_view key) {
  if (parent.at(key).json().is_null()) return std::nullopt;
  return parent.number(key, kPositive);
}

/// Along a frontier interactivity does not rise and throughput does not fall.
void check_frontier(const ReportView& view, const std::vector<int>& indices, const Node& node) {
  for (std::size_t i = 1; i < indices.size(); ++i) {
    const ReportPoint& faster = view.points[static_cast<std::size_t>(indices[i - 1])];
    const ReportPoint& slower = view.points[static_cast<std::size_t>(indices[i])];
    if (indices[i] == indices[i - 1] || slower.ttl_us < faster.ttl_us ||
        view.throughput(slower) < view.throughput(faster)) {
      node.elements()[i].fail("is no next point of a frontier");
    }
  }
}

std::optional<double> read_optional_sd(const Node& parent, std::string_view key) {
  if (parent.at(key).json().is_null()) return std::nullopt;
  return parent.number(key, {0.0, 5.0});
}

/// Contract: frontiers have been read.
void read_errors(const Node& node, ReportView& view) {
  for (const std::string& name : node.keys()) {
    const std::vector<int>* frontier = view.frontier(name);
    if (frontier == nullptr) node.at(name).fail("is no frontier of this view");
    const Node of_frontier = node.object(name);
    of_frontier.allow_only({"log_sd", "unsure", "fast_ratio_log_sd", "dense_ratio_log_sd"});
    FrontierErrors errors;
    for (const Node& sd : of_frontier.array("log_sd"))
      errors.log_sd.push_back(sd.as_number({0.0, 5.0}));
    if (errors.log_sd.size() != frontier->size()) {
      of_frontier.at("log_sd").fail("expected one for each of the " +
                                    std::to_string(frontier->size()) + " frontier points");
    }
    const auto last = static_cast<long long>(frontier->size()) - 1;
    for (const Node& place : of_frontier.array("unsure"))
      errors.unsure.push_back(static_cast<int>(place.as_integer({0, last})));
    if (!std::is_sorted(errors.unsure.begin(), errors.unsure.end()))
      of_frontier.at("unsure").fail("expected places that rise");
    errors.fast_ratio_log_sd = read_optional_sd(of_frontier, "fast_ratio_log_sd");
    errors.dense_ratio_log_sd = read_optional_sd(of_frontier, "dense_ratio_log_sd");
    view.errors.emplace(name, std::move(errors));
  }
}

ReportView read_view(const Node& node) {
  const Node baseline = node.object("baseline");
  ReportView view{.run = node.text("run"),
                  .model = node.text("model"),
                  .model_title = node.text("model_title"),
                  .context = node.number("context_tokens", {1.0, 1e12}),
                  .baseline = read_texts(baseline, "strategies"),
                  .interactivity_max = read_optional(baseline, "interactivity_max"),
                  .throughput_max = read_optional(baseline, "throughput_max"),
                  .counts = read_counts(node.object("counts")),
                  .layouts = {},
                  .points = {},
                  .frontiers = {},
                  .errors = {}};
  for (const Node& row : node.array("layouts")) view.layouts.push_back(read_layout(row));
  view.points = read_points(node.object("points"), view.layouts.size());
  const Node frontiers = node.object("frontier");
  // Keys of an object are sorted when read back: put them in order of drawing again.
  std::vector<std::string> order;
  for (const StrategyEntry& row : strategies()) order.emplace_back(row.name);
  order.insert(order.end(), {"baseline", "overall"});
  for (const std::string& name : order) {
    if (!frontiers.has(name)) continue;
    std::vector<int> indices;
    for (const Node& index : frontiers.array(name)) {
      indices.push_back(
          static_cast<int>(index.as_integer({0, static_cast<long long>(view.points.size()) - 1})));
    }
    check_frontier(view, indices, frontiers.at(name));
    view.frontiers.emplace_back(name, std::move(indices));
  }
  if (node.has("frontier_error")) read_errors(node.object("frontier_error"), view);
  return view;
}

ReportClaim read_claim(const Node& node) {
  return {.name = node.text("name"),
          .text = node.text("text"),
          .model = node.text("model"),
          .context = node.number("context_tokens", {0.0, 1e12}),
          .published = node.text("published"),
          .ours = node.text("ours"),
          .band = node.at("band").json().is_null() ? "" : node.text("band"),
          .verdict = node.text("verdict"),
          .where = node.text("where"),
          .source = node.text("source")};
}

}  // namespace

double ReportView::throughput(const ReportPoint& point) const {
  const int gpus = layouts[static_cast<std::size_t>(point.layout)].layout.gpus();
  return static_cast<double>(point.requests) / (point.ttl_us * 1e-6 * gpus);
}

const std::vector<int>* ReportView::frontier(std::string_view name) const {
  for (const auto& [key, indices] : frontiers) {
    if (key == name) return &indices;
  }
  return nullptr;
}

const FrontierErrors* ReportView::errors_of(std::string_view name) const {
  const auto found = errors.find(name);
  return found == errors.end() ? nullptr : &found->second;
}

std::string to_json(const ReportData& data) {
  Json categories = Json::array();
  for (int c = 0; c < kTimeCategories; ++c)
    categories.push_back(name_of(static_cast<TimeCategory>(c)));
  Json strategy_list = Json::array();
  for (const auto& [name, summary] : data.strategies)
    strategy_list.push_back({{"name", name}, {"summary", summary}});
  std::string views = "[";
  for (const ReportView& view : data.views) {
    if (views.size() > 1) views += ',';
    views += view_text(view);
  }
  views += ']';
  Json claims = Json::array();
  for (const ReportClaim& claim : data.claims) claims.push_back(claim_json(claim));
  const Json head{{"format", kFormat},           {"tool", data.tool},
                  {"title", data.title},         {"system", data.system},
                  {"fidelity", data.fidelity},   {"categories", categories},
                  {"strategies", strategy_list}, {"counts", counts_json(data.counts)}};
  const Json tail{
      {"claims", claims}, {"assumptions", data.assumptions}, {"warnings", data.warnings}};
  return joined({dump(head), member("views", views), dump(tail)}) + "\n";
}

std::string claims_json(const std::vector<ReportClaim>& claims) {
  Json list = Json::array();
  for (const ReportClaim& claim : claims) list.push_back(claim_json(claim));
  return Json{{"claims", list}}.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ReportData read_report_data(const Node& document) {
  document.expect("format", kFormat);
  ReportData data{.tool = document.text("tool"),
                  .title = document.text("title"),
                  .system = document.text("system"),
                  .fidelity = document.text("fidelity"),
                  .strategies = {},
                  .counts = read_counts(document.object("counts")),
                  .views = {},
                  .claims = {},
                  .assumptions = read_texts(document, "assumptions"),
                  .warnings = read_texts(document, "warnings")};
  for (const Node& row : document.array("strategies"))
    data.strategies.emplace_back(row.text("name"), row.text("summary"));
  for (const Node& view : document.array("views")) data.views.push_back(read_view(view));
  for (const Node& claim : document.array("claims")) data.claims.push_back(read_claim(claim));
  return data;
}

ReportData overlay(const std::vector<std::pair<std::string, ReportData>>& runs) {
  ReportData out = runs.front().second;
  if (runs.size() == 1) return out;
  out.views.clear();
  out.claims.clear();
  out.counts = {};
  const auto merge = [](auto& into, const auto& from) {
    for (const auto& item : from) {
      if (std::find(into.begin(), into.end(), item) == into.end()) into.push_back(item);
    }
  };
  // What differs between the runs is said of each.
  const auto join = [&](std::string ReportData::*text) {
    const bool same = std::all_of(runs.begin(), runs.end(), [&](const auto& run) {
      return run.second.*text == runs.front().second.*text;
    });
    if (same) return;
    (out.*text).clear();
    for (const auto& [name, data] : runs)
      (out.*text) += ((out.*text).empty() ? "" : "; ") + name + ": " + data.*text;
  };
  join(&ReportData::title);
  join(&ReportData::system);
  join(&ReportData::fidelity);
  for (const auto& [name, data] : runs) {
    for (ReportView view : data.views) {
      view.run = name;
      out.views.push_back(std::move(view));
    }
    for (ReportClaim claim : data.claims) {
      claim.name = name + ": " + claim.name;
      out.claims.push_back(std::move(claim));
    }
    out.counts += data.counts;
    merge(out.strategies, data.strategies);
    merge(out.assumptions, data.assumptions);
    merge(out.warnings, data.warnings);
  }
  return out;
}

}  // namespace helixsim
