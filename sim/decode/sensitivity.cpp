#include "sim/decode/sensitivity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/decode/evaluator.hpp"

namespace helixsim {
namespace {

constexpr double kMore = 1.1;
constexpr double kLess = 0.9;

/// A resource as the keys of a system file that say how much of it there is; F stands for the
/// fidelity.
struct Resource {
  const char* name;
  double factor;
  std::vector<std::string> keys;
};

const std::vector<Resource>& resources() {
  static const std::vector<Resource> kResources{
      {"HBM bandwidth + 10 %", kMore, {"gpu.memory.bandwidth"}},
      {"arithmetic + 10 %", kMore, {"gpu.compute.bf16", "gpu.compute.fp8", "gpu.compute.fp4"}},
      {"NVLink bandwidth + 10 %", kMore, {"fabric.link_bandwidth"}},
      {"NIC bandwidth + 10 %", kMore, {"fabric.nic_bandwidth"}},
      {"switch capacity + 10 %", kMore, {"fabric.switch_capacity"}},
      {"scale-out capacity + 10 %", kMore, {"fabric.scale_out_capacity"}},
      {"kernel launches - 10 %",
       kLess,
       {"fidelities.F.kernels.fixed", "fidelities.F.kernels.fixed_attention"}},
      {"gaps of kernels measured alone - 10 %", kLess, {"fidelities.F.kernels.in_graph_gap"}},
      {"exchange start-ups - 10 %",
       kLess,
       {"fidelities.F.collectives.all_reduce", "fidelities.F.collectives.kvp_exchange",
        "fidelities.F.collectives.kvp_exchange_latency", "fidelities.F.collectives.exchange",
        "fidelities.F.collectives.point_to_point", "fidelities.F.collectives.step"}},
  };
  return kResources;
}

/// The text at a dotted key's "value"; null when the document has no such text.
const std::string* text_at(const nlohmann::json& document, const std::string& key) {
  const nlohmann::json* place = &document;
  for (std::size_t begin = 0; begin <= key.size();) {
    const auto end = std::min(key.find('.', begin), key.size());
    const auto found =
        place->is_object() ? place->find(key.substr(begin, end - begin)) : place->end();
    if (!place->is_object() || found == place->end()) return nullptr;
    place = &*found;
    begin = end + 1;
  }
  const auto value = place->is_object() ? place->find("value") : place->end();
  if (!place->is_object() || value == place->end() || !value->is_string()) return nullptr;
  return value->get_ptr<const std::string*>();
}

std::string with_fidelity(std::string key, const std::string& fidelity) {
  if (const auto place = key.find(".F."); place != std::string::npos) {
    key.replace(place + 1, 1, fidelity);
  }
  return key;
}

SimTime ttl_of(const Setup& setup, const Point& point) {
  return Evaluator(setup).evaluate(point).ttl;
}

}  // namespace

std::string scaled_quantity(const std::string& text, double factor) {
  double value = 0.0;
  const char* const end = text.data() + text.size();
  const char* const begin = text.data() + std::min(text.find_first_not_of(' '), text.size());
  const auto parsed = std::from_chars(begin, end, value);
  if (parsed.ec != std::errc()) throw ConfigError("\"" + text + "\" begins with no number");
  return fmt::format("{}{}", value * factor, std::string(parsed.ptr, end));
}

Sensitivity sensitivity(const SetupRequest& request, const Catalog& catalog,
                        std::span<const Override> overrides, const Point& point) {
  std::vector<Override> of_system;
  for (const Override& change : overrides) {
    if (change.path.starts_with("system.")) {
      of_system.push_back({change.path.substr(7), change.value, "system."});
    }
  }
  const Node system =
      with_overrides(catalog.read("hw_models/systems", request.system, "--system"), of_system);
  const Setup setup = make_setup(request, catalog, overrides);
  const SimTime as_it_is = ttl_of(setup, point);
  Sensitivity found;
  for (const Resource& resource : resources()) {
    std::vector<Override> changes(overrides.begin(), overrides.end());
    const std::size_t before = changes.size();
    for (const std::string& pattern : resource.keys) {
      const std::string key = with_fidelity(pattern, setup.hardware.fidelity());
      const std::string* text = text_at(system.json(), key);
      if (text == nullptr) continue;
      changes.push_back(
          parse_override("system." + key + ".value=" + scaled_quantity(*text, resource.factor)));
    }
    if (changes.size() == before) continue;
    try {
      const SimTime ttl = ttl_of(make_setup(request, catalog, changes), point);
      found.rows.push_back({.resource = resource.name,
                            .ttl = ttl,
                            .gain = 1.0 - ttl.seconds().value() / as_it_is.seconds().value()});
    } catch (const ConfigError& error) {  // a number that nobody gave: no mistake of the user's
      found.left_out.push_back(
          fmt::format("sensitivity leaves out {}: {}", resource.name, error.what()));
    }
  }
  std::stable_sort(found.rows.begin(), found.rows.end(),
                   [](const SensitivityRow& a, const SensitivityRow& b) { return a.ttl < b.ttl; });
  return found;
}

}  // namespace helixsim
