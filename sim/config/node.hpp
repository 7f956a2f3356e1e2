#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/units/quantity.hpp"

namespace helixsim {

/// A closed range of allowed values.
template <typename T>
struct Range {
  T low;
  T high;
};

/// A typed view of one JSON value that knows its file and its place in it, so that every mistake is
/// answered with the file, the key and what was expected. All readers throw ConfigError.
class Node {
 public:
  /// A view of a whole document; `file` is the name that messages begin with. Without a name the
  /// keys came from the command line, and messages call them flags.
  Node(std::shared_ptr<const nlohmann::json> document, std::string file);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  [[nodiscard]] const nlohmann::json& json() const { return *value_; }

  /// Refuses every key of this object that is not in `keys`, with the nearest right name.
  void allow_only(std::span<const std::string_view> keys) const;
  void allow_only(std::initializer_list<std::string_view> keys) const;

  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] Node at(std::string_view key) const;
  [[nodiscard]] Node object(std::string_view key) const;
  /// The elements of an array, each with its own place.
  [[nodiscard]] std::vector<Node> array(std::string_view key) const;
  [[nodiscard]] std::vector<Node> elements() const;
  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] bool is_string() const;
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_null() const;

  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key, std::string fallback) const;
  [[nodiscard]] long long integer(std::string_view key, Range<long long> range) const;
  [[nodiscard]] double number(std::string_view key, Range<double> range) const;
  [[nodiscard]] bool boolean(std::string_view key, bool fallback) const;
  [[nodiscard]] BytesPerSecond rate(std::string_view key, Range<BytesPerSecond> range) const;
  [[nodiscard]] FlopsPerSecond flop_rate(std::string_view key, Range<FlopsPerSecond> range) const;
  [[nodiscard]] Bytes bytes(std::string_view key, Range<Bytes> range) const;
  [[nodiscard]] Seconds time(std::string_view key, Range<Seconds> range) const;
  /// One of `names`, as its index.
  [[nodiscard]] std::size_t choice(std::string_view key, std::span<const std::string> names) const;

  /// Refuses anything but `value`, such as the name and version of a file format.
  void expect(std::string_view key, std::string_view value) const;

  /// The value itself.
  [[nodiscard]] std::string as_text() const;
  [[nodiscard]] long long as_integer(Range<long long> range) const;
  [[nodiscard]] double as_number(Range<double> range) const;
  [[nodiscard]] std::size_t as_choice(std::span<const std::string> names) const;

  /// What messages call this value: "file: /pointer", or "--flag" for a document from the command
  /// line.
  [[nodiscard]] std::string place() const;
  /// Throws ConfigError "place: message".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  Node(const Node& parent, const nlohmann::json& value, std::string pointer);
  template <typename Q, typename Parse>
  [[nodiscard]] Q quantity(std::string_view key, Range<Q> range, Parse parse,
                           std::string_view what) const;

  std::shared_ptr<const nlohmann::json> document_;
  const nlohmann::json* value_;
  std::string file_;
  std::string pointer_;
};

}  // namespace helixsim
