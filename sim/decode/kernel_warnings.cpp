#include "sim/decode/kernel_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr double kBadPercent = 15.0;  ///< at the 90th percentile
constexpr double kLeastShare = 0.01;  ///< of the TTL, for an operation to be worth a word

/// Messages, each with the operations that it is about, in order of first appearance.
class Messages {
 public:
  void add(const std::string& message, std::string_view operation) {
    auto found = std::find_if(rows_.begin(), rows_.end(),
                              [&](const Row& row) { return row.message == message; });
    if (found == rows_.end()) found = rows_.insert(rows_.end(), Row{message, {}});
    auto& names = found->operations;
    if (std::find(names.begin(), names.end(), operation) == names.end())
      names.emplace_back(operation);
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Row& row : rows_) {
      texts.push_back(fmt::format("{}: {}", fmt::join(row.operations, ", "), row.message));
    }
    return texts;
  }

 private:
  struct Row {
    std::string message;
    std::vector<std::string> operations;
  };
  std::vector<Row> rows_;
};

std::string count_text(double value) {
  if (value < 9.5) return fmt::format("{:.2g}", value);
  return value < 1e15 ? format_count(std::llround(value)) : fmt::format("{:g}", value);
}

void add_of(const Operation& op, const Provenance& from, Messages& messages) {
  if (from.error == nullptr) {
    if (op.kind == OperationKind::Elementwise) return;  // small kernels all take one fixed time
    messages.add("nothing of this kind was measured; its time is from data sheet and fixed times",
                 op.name);
    return;
  }
  if (const BeyondRange& beyond = from.beyond; beyond.doublings > 0.0) {
    const std::string range =
        beyond.low == beyond.high
            ? count_text(beyond.low) + ", all"
            : fmt::format("{} to {}", count_text(beyond.low), count_text(beyond.high));
    messages.add(fmt::format("{} {} is outside of the {} that were measured ({}): extrapolated, "
                             "with a wider error",
                             beyond.coordinate, count_text(beyond.value), range, from.family),
                 op.name);
  }
  if (from.error->p90_percent >= kBadPercent) {
    messages.add(fmt::format("the time of one in ten kernels of {} is off by more than {:.0f} %",
                             from.family, from.error->p90_percent),
                 op.name);
  }
}

}  // namespace

std::vector<std::string> kernel_warnings(const EvaluatedStep& step, const Hardware& hardware) {
  if (!hardware.error_rules()) return {};
  Messages messages;
  const std::vector<ExposedOperation> operations = exposed_operations(step, hardware);
  double ttl = 0.0;
  for (const ExposedOperation& exposed : operations) ttl += exposed.seconds;
  for (const ExposedOperation& exposed : operations) {
    const Operation& op = *exposed.operation;
    if (exposed.seconds < kLeastShare * ttl || is_exact(op)) continue;
    add_of(op, provenance_of(exposed, hardware), messages);
  }
  return messages.texts();
}

}  // namespace helixsim
