#include "sim/sweep/validation.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "hw_models/time_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/sweep/band.hpp"

namespace helixsim {
namespace {

double milliseconds(const StepReport& step) {
  return step.result.ttl.seconds().value() * 1e3;
}
double rate(const StepReport& step) {
  return tokens_per_second_per_gpu(step.point, step.result.ttl);
}
double requests(const StepReport& step) {
  return static_cast<double>(step.point.requests_in_flight());
}

double ttl(const StepReport& at, const StepReport*) {
  return milliseconds(at);
}
double ttl_ratio(const StepReport& at, const StepReport* over) {
  return milliseconds(at) / milliseconds(*over);
}
double throughput_ratio(const StepReport& at, const StepReport* over) {
  return rate(at) / rate(*over);
}
double ttl_slope(const StepReport& at, const StepReport* over) {
  return 1e3 * (milliseconds(at) - milliseconds(*over)) / (requests(at) - requests(*over));
}

Interval ttl_interval(double value, const StepReport& at, const StepReport*) {
  return interval_of(value, at.result.error->log_sd());
}
Interval ratio_interval(double value, const StepReport& at, const StepReport* over) {
  return interval_of(value, log_sd_of_ratio(*at.result.error, *over->result.error));
}
Interval slope_interval(double value, const StepReport& at, const StepReport* over) {
  const double sd = sd_of_difference(*at.result.error, milliseconds(at), *over->result.error,
                                     milliseconds(*over));
  const double half = std::abs(1e3 * kNormal95 * sd / (requests(at) - requests(*over)));
  return {value - half, value + half};
}

struct SoundnessName {
  std::string_view begins;
  Soundness soundness;
  bool whole;  ///< nothing may follow
};
constexpr SoundnessName kSoundness[] = {{"sound", Soundness::Sound, true},
                                        {"with reserve: ", Soundness::WithReserve, false},
                                        {"peer, not a truth", Soundness::Peer, true}};

Soundness read_soundness(const Node& node) {
  const std::string text = node.as_text();
  for (const SoundnessName& row : kSoundness) {
    if (row.whole ? text == row.begins
                  : text.starts_with(row.begins) && text.size() > row.begins.size())
      return row.soundness;
  }
  node.fail("expected \"sound\", \"with reserve: REASON\" or \"peer, not a truth\", got \"" + text +
            "\"");
}

std::vector<std::string_view> condition_keys(bool search) {
  std::vector<std::string_view> keys = setup_keys();
  keys.push_back("set");
  if (search) {
    keys.insert(keys.end(), {"search_space", "baseline", "context"});
  } else {
    const auto of_point = point_keys();
    keys.insert(keys.end(), of_point.begin(), of_point.end());
  }
  return keys;
}

/// The node with its keys laid over those of the conditions, still at its own place.
Node over_conditions(const Node& document, const Node& node) {
  auto whole = std::make_shared<nlohmann::json>(document.json());
  nlohmann::json merged = document.at("conditions").json();
  merged.update(node.json());
  const nlohmann::json::json_pointer pointer(node.pointer());
  (*whole)[pointer] = std::move(merged);
  Node found(std::move(whole), document.file());
  std::vector<std::string> path;
  for (auto left = pointer; !left.empty(); left.pop_back()) path.insert(path.begin(), left.back());
  for (const std::string& key : path)
    found = found.is_array() ? found.elements()[std::stoul(key)] : found.at(key);
  return found;
}

std::vector<Override> overrides_of(const Node& node, std::span<const Override> given) {
  std::vector<Override> all;
  if (node.has("set")) {
    for (const Node& one : node.array("set")) {
      const Override change = parse_override(one.as_text());
      if (!change.path.starts_with("model.") && !change.path.starts_with("system."))
        one.fail("expected a path that begins with model. or system.");
      all.push_back(change);
    }
  }
  all.insert(all.end(), given.begin(), given.end());  // the command line wins
  return all;
}

SetupRequest request_of(const Node& node, const Catalog& catalog) {
  SetupRequest request;
  request.fidelity = "measured";
  read_setup_keys(node, catalog, request);
  if (request.model.empty()) node.fail("missing key \"model\"");
  return request;
}

ValidationPoint read_validation_point(const Node& document, const Node& node,
                                      const Catalog& catalog, std::span<const Override> given) {
  node.allow_only(condition_keys(false));
  const Node merged = over_conditions(document, node);
  ValidationPoint out;
  out.setup = std::make_unique<Setup>(
      make_setup(request_of(merged, catalog), catalog, overrides_of(merged, given)));
  out.point = read_point(merged, *out.setup);
  return out;
}

std::unique_ptr<Study> read_search(const Node& conditions, const Catalog& catalog,
                                   std::span<const Override> given) {
  SetupRequest request = request_of(conditions, catalog);
  Setup setup = make_setup(request, catalog, overrides_of(conditions, given));
  SearchSpace space = read_search_space(catalog.read(
      "configs/sweeps", conditions.text("search_space"), conditions.at("search_space").place()));
  space.contexts = {read_context(conditions.at("context"))};
  std::vector<const StrategyEntry*> tried;
  for (const StrategySpace& one : space.strategies) tried.push_back(one.strategy);
  check_options(request.given_options, tried);
  std::vector<std::string> baseline;
  const std::vector<std::string> known = names_of(strategies());
  for (const Node& name : conditions.array("baseline"))
    baseline.push_back(known[name.as_choice(known)]);
  if (baseline.empty()) conditions.at("baseline").fail("expected at least one strategy");
  return std::make_unique<Study>(Study{.request = std::move(request),
                                       .setup = std::move(setup),
                                       .space = std::move(space),
                                       .baseline = std::move(baseline)});
}

/// The quantity of a value; one that is read on a search is not for a file without, and the other
/// way round.
const MeasuredQuantity& read_quantity(const Node& node, bool search) {
  const auto rows = measured_quantities();
  const MeasuredQuantity& row = rows[node.choice("quantity", names_of(rows))];
  if (search != (row.of == nullptr)) {
    std::string names;
    for (const MeasuredQuantity& other : rows) {
      if (search == (other.of == nullptr))
        names += (names.empty() ? "" : ", ") + std::string(other.name);
    }
    node.at("quantity")
        .fail(std::string("the conditions ") + (search ? "are" : "are not") +
              " a search; expected one of " + names);
  }
  return row;
}

/// What a value is in every file.
MeasuredValue read_number(const Node& node, const MeasuredQuantity& quantity) {
  node.expect("unit", quantity.unit);
  return {.name = node.text("name"),
          .quantity = &quantity,
          .published = node.number("value", {1e-12, 1e12}),
          .band = {},
          .note = node.text("note", ""),
          .at = {},
          .over = {}};
}

/// A value that nothing is predicted for.
MeasuredValue read_unpredicted(const Node& node) {
  node.allow_only({"name", "quantity", "value", "unit", "note"});
  const auto rows = measured_quantities();
  return read_number(node, rows[node.choice("quantity", names_of(rows))]);
}

MeasuredValue read_value(const Node& document, const Node& node, const Catalog& catalog,
                         std::span<const Override> given, bool search) {
  const MeasuredQuantity& quantity = read_quantity(node, search);
  std::vector<std::string_view> keys{"name", "quantity", "value", "unit", "band", "note"};
  if (!search) keys.push_back("at");
  if (quantity.two_points) keys.push_back("over");
  node.allow_only(keys);
  MeasuredValue value = read_number(node, quantity);
  if (node.has("band")) value.band = read_band(node.at("band"));
  const auto point = [&](std::string_view key) {
    return read_validation_point(document, node.object(key), catalog, given);
  };
  if (!search) value.at = point("at");
  if (quantity.two_points) value.over = point("over");
  if (quantity.of == ttl_slope &&
      value.at->point.requests_in_flight() == value.over->point.requests_in_flight()) {
    node.at("over").fail("a slope needs another batch than that of \"at\"");
  }
  return value;
}

}  // namespace

std::span<const MeasuredQuantity> measured_quantities() {
  static constexpr MeasuredQuantity kTable[] = {
      {"ttl", "ms", "time of a decode step", false, ttl, ttl_interval},
      {"ttl_ratio", "x", "time of a decode step, over that of another point", true, ttl_ratio,
       ratio_interval},
      {"throughput_ratio", "x", "tokens/s/GPU, over those of another point", true, throughput_ratio,
       ratio_interval},
      {"ttl_slope", "us/request", "growth of the step with the batch, between two points", true,
       ttl_slope, slope_interval},
      {"interactivity_ratio", "x", "largest tokens/s/user, Helix over baseline", false, nullptr,
       ratio_interval},
      {"batch_at_equal_latency", "x",
       "requests in flight within the baseline's smallest TTL, Helix over baseline", false, nullptr,
       nullptr},
  };
  return kTable;
}

Validation read_validation(const Node& document, const Catalog& catalog,
                           std::span<const Override> setup_overrides) {
  document.expect("format", "helixsim/validation/1");
  const bool unpredicted = document.has("unpredicted");
  document.allow_only({"format", "name", "title", "source",
                       unpredicted ? "unpredicted" : "conditions", "measured", "soundness",
                       "not_modelled"});
  Validation file;
  file.name = document.text("name");
  file.title = document.text("title");
  file.source = document.text("source");
  file.soundness_text = document.text("soundness");
  file.soundness = read_soundness(document.at("soundness"));
  for (const Node& line : document.array("not_modelled"))
    file.not_modelled.push_back(line.as_text());
  bool search = false;
  if (unpredicted) {
    file.unpredicted = document.text("unpredicted");
  } else {
    const Node conditions = document.object("conditions");
    search = conditions.has("search_space");
    conditions.allow_only(condition_keys(search));
    if (search) {
      file.search = read_search(conditions, catalog, setup_overrides);
      file.context = file.search->space.contexts.front();
    }
  }
  std::set<std::string> names;
  for (const Node& node : document.array("measured")) {
    file.measured.push_back(unpredicted
                                ? read_unpredicted(node)
                                : read_value(document, node, catalog, setup_overrides, search));
    if (!names.insert(file.measured.back().name).second) node.at("name").fail("names two values");
  }
  if (file.measured.empty()) document.at("measured").fail("expected at least one value");
  return file;
}

}  // namespace helixsim
