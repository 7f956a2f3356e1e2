#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace helixsim {

/// A Perfetto trace as its packets say, for tests: field numbers are spelled again in the .cpp, so
/// that a slip in the writer's table shows.
struct PerfettoTrace {
  struct Track {
    std::uint64_t uuid = 0;
    std::uint64_t parent = 0;
    std::string name;
    std::int32_t pid = -1;  ///< of a process track
    std::int32_t rank = -1;
    std::int32_t child_ordering = 0;
    std::int32_t process_ordering = 0;
    bool is_counter = false;
    std::string unit;
  };
  struct Event {
    std::uint64_t time = 0;  ///< ns
    std::int32_t type = 0;   ///< 1 begin, 2 end, 4 counter
    std::uint64_t track = 0;
    std::string name;
    std::string category;
    std::map<std::string, std::string> arguments;
    std::vector<std::uint64_t> flows;
    std::vector<std::uint64_t> ending_flows;
    double value = 0.0;
  };

  std::vector<Track> tracks;
  std::vector<Event> events;
};

/// Errors: std::runtime_error for what a reader would drop: an unknown field, a name that was not
/// given before, an event before the packet that clears the state.
PerfettoTrace read_perfetto(const std::string& bytes);

}  // namespace helixsim
