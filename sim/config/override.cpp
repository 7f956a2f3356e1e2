#include "sim/config/override.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"

namespace helixsim {
namespace {

nlohmann::json value_of(const std::string& text) {
  auto value = nlohmann::json::parse(text, nullptr, false);
  return value.is_discarded() ? nlohmann::json(text) : value;
}

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> keys;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('.', begin), path.size());
    keys.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return keys;
}

nlohmann::json& child(nlohmann::json& parent, const std::string& key, const Override& change,
                      bool last) {
  if (parent.is_array()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc() || end != key.data() + key.size() || index >= parent.size()) {
      throw ConfigError("--set " + change.prefix + change.path + ": \"" + key +
                        "\" is not a position in a list of " + std::to_string(parent.size()));
    }
    return parent[index];
  }
  if (!parent.is_object()) {
    throw ConfigError("--set " + change.prefix + change.path + ": \"" + key +
                      "\" is below a value that is not an object");
  }
  if (!parent.contains(key) && !last) {
    std::vector<std::string> keys;
    for (const auto& [name, unused] : parent.items()) keys.push_back(name);
    throw ConfigError("--set " + change.prefix + change.path + ": no key \"" + key + "\"" +
                      suggestion(key, keys));
  }
  return parent[key];
}

}  // namespace

Override parse_override(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw ConfigError(
        "--set " + std::string(text) +
        ": expected path=value, such as system.gpu.memory.bandwidth.value=\"9 TB/s\"");
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Node with_overrides(const Node& document, std::span<const Override> overrides) {
  if (overrides.empty()) return document;
  auto changed = std::make_shared<nlohmann::json>(document.json());
  for (const Override& change : overrides) {
    nlohmann::json* place = changed.get();
    const auto keys = split_path(change.path);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      place = &child(*place, keys[i], change, i + 1 == keys.size());
    }
    *place = value_of(change.value);
  }
  return {changed, document.file()};
}

}  // namespace helixsim
