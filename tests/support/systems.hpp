#pragma once

#include <span>
#include <string>
#include <vector>

#include "hw_models/hardware.hpp"
#include "hw_models/system.hpp"
#include "sim/config/json_file.hpp"
#include "sim/config/override.hpp"

namespace helixsim {

inline Node gb200_document(std::span<const Override> changes = {}) {
  return with_overrides(read_json_file(HELIXSIM_SOURCE_DIR "/hw_models/systems/gb200_nvl72.json"),
                        changes);
}

/// Two NVL72 domains joined by a NIC a GPU.
inline System gb200_x2(const std::vector<Override>& changes = {}) {
  return read_system(with_overrides(
      read_json_file(HELIXSIM_SOURCE_DIR "/hw_models/systems/gb200_nvl72_x2.json"), changes));
}

inline System gb200(const std::vector<Override>& changes = {}) {
  return read_system(gb200_document(changes));
}

/// GB200 NVL72 through one of its fidelities, with values of the system file changed as `--set`
/// does.
inline Hardware gb200_hardware(std::string_view fidelity, const std::vector<Override>& changes = {},
                               std::string_view all_reduce = "auto") {
  return Hardware(gb200(changes), fidelity, all_reduce);
}

inline std::vector<std::string> gb200_fidelities() {
  return gb200().fidelities;
}

}  // namespace helixsim
