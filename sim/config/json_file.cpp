#include "sim/config/json_file.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr int kDeepest = 64;

/// The parser's message without its own prefix, such as "parse error at line 3, column 7: ...".
std::string readable(const nlohmann::json::exception& error) {
  std::string text = error.what();
  const auto bracket = text.find("] ");
  return bracket == std::string::npos ? text : text.substr(bracket + 2);
}

nlohmann::json parse_checked(std::string_view text, const std::string& name) {
  std::vector<std::set<std::string>> keys;
  std::string broken_rule;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (opens && depth >= kDeepest) {
      broken_rule = "nested deeper than 64";
      return false;  // what is below is not kept
    }
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end && !keys.empty()) keys.pop_back();
    if (event == Event::key && !keys.empty()) {
      const auto key = parsed.get<std::string>();
      if (!keys.back().insert(key).second && broken_rule.empty()) {
        broken_rule = "key " + parsed.dump(-1, ' ', true) + " appears twice in one object";
      }
    }
    return true;
  };
  try {
    auto document = nlohmann::json::parse(text, watch, true, true);
    if (!broken_rule.empty()) throw ConfigError(name + ": " + broken_rule);
    return document;
  } catch (const nlohmann::json::exception& error) {
    std::string message = readable(error);
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) message = "the file is empty";
    throw ConfigError(name + ": " + message);
  }
}

}  // namespace

Node parse_json(std::string_view text, const std::string& name) {
  return {std::make_shared<const nlohmann::json>(parse_checked(text, name)), name};
}

Node read_json_file(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw ConfigError(name + ": is a folder, expected a JSON file");
  if (!std::filesystem::exists(path, error)) throw ConfigError(name + ": no such file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError(name + ": cannot be read");
  std::string text;
  std::string block(std::size_t{1} << 16, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    text.append(block, 0, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargestFile) throw ConfigError(name + ": larger than 64 MiB");
  }
  return parse_json(text, name);
}

}  // namespace helixsim
