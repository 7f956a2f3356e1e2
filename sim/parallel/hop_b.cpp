#include "sim/parallel/hop_b.hpp"

#include <charconv>

namespace helixsim {
namespace {

struct ModeEntry {
  HopBMode mode;
  std::string_view name;
};

constexpr ModeEntry kModes[] = {
    {HopBMode::Off, "off"},
    {HopBMode::Best, "best"},
    {HopBMode::DeviceInitiated, "device_initiated"},
    {HopBMode::Figure3, "figure3"},
    {HopBMode::Figure3Lockstep, "figure3_lockstep"},
};

}  // namespace

std::optional<HopB> parse_hop_b(std::string_view text) {
  for (const ModeEntry& row : kModes) {
    if (row.name == text) return HopB{row.mode, 1};
  }
  int chunks = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), chunks);
  if (error != std::errc() || end != text.data() + text.size() || chunks < 1) return std::nullopt;
  return HopB{HopBMode::Chunks, chunks};
}

std::string to_text(const HopB& hop_b) {
  for (const ModeEntry& row : kModes) {
    if (row.mode == hop_b.mode) return std::string(row.name);
  }
  return std::to_string(hop_b.chunks);
}

std::vector<std::string> hop_b_names() {
  std::vector<std::string> names;
  for (const ModeEntry& row : kModes) names.emplace_back(row.name);
  return names;
}

}  // namespace helixsim
