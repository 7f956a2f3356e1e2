#include "tools/calibrate/runner/nvml.hpp"

#include "tools/calibrate/runner/loaded_library.hpp"

#include <algorithm>
#include <vector>

namespace helixsim {
namespace {

// As in NVIDIA's reference of NVML; the header is not in every toolkit.
using Device = void*;
constexpr int kSuccess = 0;
constexpr int kClockSm = 1;
constexpr int kTemperatureGpu = 0;

struct Functions {
  int (*init)() = nullptr;
  int (*device_by_bus)(const char*, Device*) = nullptr;
  int (*clock)(Device, int, unsigned*) = nullptr;
  int (*power)(Device, unsigned*) = nullptr;
  int (*temperature)(Device, int, unsigned*) = nullptr;
};

class LoadedNvml final : public Nvml {
 public:
  LoadedNvml(const Functions& functions, Device device) : call_(functions), device_(device) {}

  void sample() override {
    unsigned value = 0;
    if (call_.clock(device_, kClockSm, &value) == kSuccess) mhz_.push_back(static_cast<int>(value));
    if (call_.power(device_, &value) == kSuccess) power_w_ = 1e-3 * value;
    if (call_.temperature(device_, kTemperatureGpu, &value) == kSuccess) temperature_c_ = value;
  }

  Clocks summary() override {
    Clocks clocks{.power_w = power_w_, .temperature_c = temperature_c_};
    if (!mhz_.empty()) {
      std::sort(mhz_.begin(), mhz_.end());
      clocks.sm_least_mhz = mhz_.front();
      clocks.sm_median_mhz = mhz_[mhz_.size() / 2];
    }
    mhz_.clear();
    return clocks;
  }

 private:
  Functions call_;
  Device device_;
  std::vector<int> mhz_;
  double power_w_ = 0.0;
  double temperature_c_ = 0.0;
};

}  // namespace

std::unique_ptr<Nvml> Nvml::open(const std::string& pci_bus) {
  const LoadedLibrary library({"libnvidia-ml.so.1"});
  if (!library.there()) return nullptr;
  Functions call;
  const bool all = library.find("nvmlInit_v2", call.init) &&
                   library.find("nvmlDeviceGetHandleByPciBusId_v2", call.device_by_bus) &&
                   library.find("nvmlDeviceGetClockInfo", call.clock) &&
                   library.find("nvmlDeviceGetPowerUsage", call.power) &&
                   library.find("nvmlDeviceGetTemperature", call.temperature);
  Device device = nullptr;
  if (!all || call.init() != kSuccess || call.device_by_bus(pci_bus.c_str(), &device) != kSuccess)
    return nullptr;
  return std::make_unique<LoadedNvml>(call, device);
}

}  // namespace helixsim
