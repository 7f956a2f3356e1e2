#include "sim/config/json_file.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "sim/config/config_error.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr std::size_t kDeepest = 64;

/// The parser's message without its own prefix, such as "parse error at line 3, column 7: ...".
std::string readable(const nlohmann::json::exception& error) {
  std::string text = error.what();
  const auto bracket = text.find("] ");
  return bracket == std::string::npos ? text : text.substr(bracket + 2);
}

/// Builds a document while it is parsed, and stops at the first broken rule. (The library's own
/// parser with a callback looks through all earlier elements of a list at the end of each: a list
/// of a million objects would take it hours.)
class CheckedBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  using Json = nlohmann::json;

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return add(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return add(value) != nullptr;
  }
  bool string(string_t& value) override { return add(std::move(value)) != nullptr; }
  bool binary(binary_t& /*value*/) override { return false; }  // not in JSON text

  bool start_object(std::size_t /*size*/) override { return open(Json::value_t::object); }
  bool start_array(std::size_t /*size*/) override { return open(Json::value_t::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const auto [place, is_new] =
        open_.back()->get_ref<Json::object_t&>().try_emplace(std::move(name), nullptr);
    if (!is_new) {
      broken_rule_ =
          "key " + Json(place->first).dump(-1, ' ', true) + " appears twice in one object";
    }
    member_ = &place->second;
    return is_new;
  }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    broken_rule_ = readable(error);
    return false;
  }

  Json& document() { return document_; }
  const std::string& broken_rule() const { return broken_rule_; }

 private:
  template <typename Value>
  Json* add(Value&& value) {
    if (open_.empty()) {
      document_ = std::forward<Value>(value);
      return &document_;
    }
    if (open_.back()->is_array()) {
      auto& list = open_.back()->get_ref<Json::array_t&>();
      list.emplace_back(std::forward<Value>(value));
      return &list.back();
    }
    *member_ = std::forward<Value>(value);
    return member_;
  }

  bool open(Json::value_t type) {
    if (open_.size() >= kDeepest) {
      broken_rule_ = "nested deeper than 64";
      return false;
    }
    open_.push_back(add(type));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json document_;
  std::vector<Json*> open_;  // lists and objects around the current place
  Json* member_ = nullptr;   // of the innermost object, to be given its value
  std::string broken_rule_;
};

nlohmann::json parse_checked(std::string_view text, const std::string& name) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw ConfigError(name + ": the file is empty");
  }
  CheckedBuilder builder;
  const bool good =
      nlohmann::json::sax_parse(text, &builder, nlohmann::json::input_format_t::json, true, true);
  if (!good) throw ConfigError(name + ": " + builder.broken_rule());
  return std::move(builder.document());
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
