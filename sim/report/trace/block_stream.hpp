#pragma once

#include <cstddef>
#include <ostream>
#include <string>

namespace helixsim {

/// Collects text for a stream and hands it over in blocks: millions of small writes cost as much as
/// the formatting itself.
class BlockStream {
 public:
  explicit BlockStream(std::ostream& out) : out_(out) {}

  /// Append here, then call flush_if_full() now and then, and flush() at the end.
  std::string& text() { return text_; }

  void flush_if_full() {
    if (text_.size() >= kBlock) flush();
  }
  void flush() {
    out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
    text_.clear();
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 18;

  std::ostream& out_;
  std::string text_;
};

}  // namespace helixsim
