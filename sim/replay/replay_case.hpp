#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/node.hpp"

namespace helixsim {

/// A plain task graph as a line of a cases file gives it: resources and tasks in the file's own
/// units (work, seconds). Checked: every name and id is known, every number in range.
struct ReplayCase {
  struct Resource {
    std::string name;
    bool is_link = false;   ///< shared by rate; else exclusive, first come first served
    double capacity = 1.0;  ///< work a second
  };
  struct Task {
    std::int64_t id = 0;
    double work = 0.0;
    double latency = 0.0;               ///< seconds
    std::optional<std::uint32_t> fifo;  ///< place in `resources`
    std::vector<std::uint32_t> links;   ///< places in `resources`
    std::optional<double> cap;          ///< own limit of the rate, work a second
    std::vector<std::uint32_t> after;   ///< places in `tasks`
  };
  std::string name;
  std::vector<Resource> resources;
  std::vector<Task> tasks;  ///< in order of id
};

/// Reads one case: `{"name", "resources": [{"name", "kind": "fifo"|"link", "capacity"}], "tasks":
/// [{"id", "work", "latency", "fifo", "links", "cap", "deps"}]}`; the keys of a task but id have
/// defaults (0, null, empty). Other keys of a case are ignored: they are notes.
///
/// Errors: ConfigError that names the place: unknown or repeated names and ids, numbers that are
/// negative or too large, a capacity or cap of 0.
ReplayCase read_replay_case(const Node& node);

}  // namespace helixsim
