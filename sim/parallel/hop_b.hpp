#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace helixsim {

/// How the KVP exchange overlaps attention (HOP-B).
enum class HopBMode {
  Off,              ///< one exchange of the whole batch after the whole attention
  Chunks,           ///< a given number of chunks, exchange i under attention i+1
  Best,             ///< the chunk count with the shortest attention block, 1 (off) included
  DeviceInitiated,  ///< one attention kernel that signals each request's exchange: an upper bound
                    ///< of the gain
  Figure3,  ///< the paper's figure 3 read literally, overlapped; for its ablation claim only
  Figure3Lockstep,  ///< the same picture without overlap
};

struct HopB {
  HopBMode mode = HopBMode::Off;
  int chunks = 1;  ///< for Chunks

  bool operator==(const HopB&) const = default;
};

/// "off", "4", "best", "device_initiated", "figure3", "figure3_lockstep"; empty when not
/// understood.
std::optional<HopB> parse_hop_b(std::string_view text);
std::string to_text(const HopB& hop_b);
std::vector<std::string> hop_b_names();

}  // namespace helixsim
