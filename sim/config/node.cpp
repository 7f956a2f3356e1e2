#include "sim/config/node.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/units/format.hpp"
#include "sim/units/parse.hpp"

namespace helixsim {
namespace {

/// The value as the user wrote it, cut so that a message stays one short line.
std::string shown(const nlohmann::json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

/// A key as part of a JSON pointer, control characters escaped so that a message stays one line.
std::string escaped(std::string_view key) {
  const std::string quoted = nlohmann::json(std::string(key))
                                 .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  std::string out;
  for (const char c : std::string_view(quoted).substr(1, quoted.size() - 2)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string join(std::span<const std::string> words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

Node::Node(std::shared_ptr<const nlohmann::json> document, std::string file)
    : document_(std::move(document)), value_(document_.get()), file_(std::move(file)) {}

Node::Node(const Node& parent, const nlohmann::json& value, std::string pointer)
    : document_(parent.document_),
      value_(&value),
      file_(parent.file_),
      pointer_(std::move(pointer)) {}

std::string Node::place() const {
  if (!file_.empty()) return pointer_.empty() ? file_ : file_ + ": " + pointer_;
  if (pointer_.empty()) return "command line";
  std::string flag = "--" + pointer_.substr(1, pointer_.find('/', 1) - 1);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

void Node::fail(const std::string& message) const {
  throw ConfigError(place() + ": " + message);
}

void Node::allow_only(std::initializer_list<std::string_view> keys) const {
  allow_only(std::span<const std::string_view>(keys.begin(), keys.size()));
}

void Node::allow_only(std::span<const std::string_view> keys) const {
  if (!value_->is_object()) fail("expected an object, got " + shown(*value_));
  const std::vector<std::string> names(keys.begin(), keys.end());
  for (const auto& [key, unused] : value_->items()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      at(key).fail("unknown key" + suggestion(key, names));
    }
  }
}

bool Node::has(std::string_view key) const {
  return value_->is_object() && value_->contains(std::string(key));
}

std::vector<std::string> Node::keys() const {
  if (!value_->is_object()) fail("expected an object, got " + shown(*value_));
  std::vector<std::string> names;
  for (const auto& [key, unused] : value_->items()) names.push_back(key);
  return names;
}

Node Node::at(std::string_view key) const {
  if (!value_->is_object()) fail("expected an object, got " + shown(*value_));
  const auto found = value_->find(std::string(key));
  if (found == value_->end()) {
    if (file_.empty() && pointer_.empty())
      throw ConfigError("--" + std::string(key) + ": is missing");
    fail("missing key \"" + std::string(key) + "\"");
  }
  return {*this, *found, pointer_ + "/" + escaped(key)};
}

Node Node::object(std::string_view key) const {
  Node node = at(key);
  if (!node.value_->is_object()) node.fail("expected an object, got " + shown(*node.value_));
  return node;
}

std::vector<Node> Node::array(std::string_view key) const {
  return at(key).elements();
}

std::vector<Node> Node::elements() const {
  if (!value_->is_array()) fail("expected a list, got " + shown(*value_));
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    nodes.push_back(Node(*this, (*value_)[i], pointer_ + "/" + std::to_string(i)));
  }
  return nodes;
}

bool Node::is_object() const {
  return value_->is_object();
}
bool Node::is_array() const {
  return value_->is_array();
}
bool Node::is_string() const {
  return value_->is_string();
}
bool Node::is_number() const {
  return value_->is_number();
}
bool Node::is_null() const {
  return value_->is_null();
}

std::string Node::as_text() const {
  if (!value_->is_string()) fail("expected a text, got " + shown(*value_));
  auto text = value_->get<std::string>();
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    fail("control characters are not allowed, got " + shown(*value_));
  }
  return text;
}

double Node::as_number(Range<double> range) const {
  if (!value_->is_number()) fail("expected a number, got " + shown(*value_));
  const auto number = value_->get<double>();
  if (!(number >= range.low && number <= range.high)) {
    fail(shown(*value_) + " is outside [" + format_exact(range.low) + ", " +
         format_exact(range.high) + "]");
  }
  return number;
}

long long Node::as_integer(Range<long long> range) const {
  const double number =
      as_number({static_cast<double>(range.low), static_cast<double>(range.high)});
  if (number != std::floor(number)) fail("expected a whole number, got " + shown(*value_));
  return static_cast<long long>(number);
}

std::size_t Node::as_choice(std::span<const std::string> names) const {
  const std::string name = as_text();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  const std::string near = nearest_name(name, names);
  fail("unknown name " + shown(*value_) +
       (near.empty() ? "; expected one of " + join(names) : "; did you mean \"" + near + "\"?"));
}

std::string Node::text(std::string_view key) const {
  return at(key).as_text();
}

std::string Node::text(std::string_view key, std::string fallback) const {
  return has(key) ? text(key) : fallback;
}

long long Node::integer(std::string_view key, Range<long long> range) const {
  return at(key).as_integer(range);
}

double Node::number(std::string_view key, Range<double> range) const {
  return at(key).as_number(range);
}

bool Node::boolean(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  const Node node = at(key);
  if (!node.value_->is_boolean()) node.fail("expected true or false, got " + shown(*node.value_));
  return node.value_->get<bool>();
}

std::size_t Node::choice(std::string_view key, std::span<const std::string> names) const {
  return at(key).as_choice(names);
}

void Node::expect(std::string_view key, std::string_view value) const {
  const Node node = at(key);
  if (node.as_text() != value) {
    node.fail("expected \"" + std::string(value) + "\", got " + shown(*node.value_));
  }
}

template <typename Q, typename Parse>
Q Node::quantity(std::string_view key, Range<Q> range, Parse parse, std::string_view what) const {
  const Node node = at(key);
  const std::string expected = "expected " + std::string(what) + ", got " + shown(*node.value_);
  if (!node.value_->is_string()) node.fail(expected);
  const auto value = parse(node.value_->template get<std::string>());
  if (!value) node.fail(expected);
  if (!(*value >= range.low && *value <= range.high)) {
    node.fail(shown(*node.value_) + " is outside [" + format_exact(range.low.value()) + ", " +
              format_exact(range.high.value()) + "] in base units");
  }
  return *value;
}

BytesPerSecond Node::rate(std::string_view key, Range<BytesPerSecond> range) const {
  return quantity(key, range, parse_rate, "a rate with its unit, such as \"4.8 TB/s\"");
}

FlopsPerSecond Node::flop_rate(std::string_view key, Range<FlopsPerSecond> range) const {
  return quantity(key, range, parse_flop_rate, "a rate with its unit, such as \"10 PFLOP/s\"");
}

Bytes Node::bytes(std::string_view key, Range<Bytes> range) const {
  return quantity(key, range, parse_bytes, "a size with its unit, such as \"186 GB\"");
}

Seconds Node::time(std::string_view key, Range<Seconds> range) const {
  return quantity(key, range, parse_time, "a time with its unit, such as \"2.5 us\"");
}

}  // namespace helixsim
