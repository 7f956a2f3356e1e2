#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/replay/replay.hpp"
#include "sim/replay/replay_case.hpp"

namespace helixsim {

/// A number as it is written, such as 1.25 or 3: `units` times 1/`per`.
struct Decimal {
  std::int64_t units = 0;
  std::int64_t per = 1;

  /// The nearest double, since both parts are doubles without rounding.
  [[nodiscard]] double rounded() const {
    return static_cast<double>(units) / static_cast<double>(per);
  }
};

/// A replay case whose numbers are known exactly. Ids are places.
struct ExactCase {
  struct Resource {
    bool is_link = false;
    Decimal capacity{1, 1};
  };
  struct Task {
    Decimal work{};
    Decimal latency{};
    std::optional<std::uint32_t> fifo{};
    std::vector<std::uint32_t> links{};
    std::optional<Decimal> cap{};
    std::vector<std::uint32_t> after{};
  };
  std::vector<Resource> resources;
  std::vector<Task> tasks;

  std::uint32_t add_fifo(Decimal capacity = {1, 1});
  std::uint32_t add_link(Decimal capacity);
  std::uint32_t add(Task task);
};

/// The case as the program would read it.
ReplayCase rounded(const ExactCase& exact);

/// The rules of order of tests/reference/README.md to the letter in exact arithmetic: every round
/// looks at every task, every change of flows fills all rates anew. Gives the nearest doubles. The
/// case must be acyclic.
ReplayResult run_exactly(const ExactCase& exact);

}  // namespace helixsim
