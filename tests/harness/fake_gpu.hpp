#pragma once

#include <functional>
#include <map>

#include "tools/calibrate/harness/gpu_bench.hpp"

namespace helixsim {

/// A GPU that is a formula: times by bytes at a rate that may change as time goes on.
class FakeGpu final : public GpuBench {
 public:
  double clock = 0.0;                                                ///< seconds
  std::function<double(double)> rate = [](double) { return 4e12; };  ///< bytes/s at a time
  /// Seconds of a cell beside its bytes and the gap of a launch.
  std::function<double(const Cell&)> fixed = [](const Cell&) { return 0.0; };
  std::function<double(const Cell&)> error = [](const Cell&) { return 1e-3; };
  std::function<bool(const Cell&)> can_run = [](const Cell&) { return true; };
  bool for_memory = true;  ///< why it cannot
  std::function<int(double)> sm_mhz = [](double) { return 1980; };
  std::vector<std::string> launched;  ///< kernel names, in order

  [[nodiscard]] GpuFacts facts() const override {
    return {.name = "Fake",
            .sm = "9.0",
            .sms = 132,
            .l2_bytes = 50'000'000,
            .memory_mhz = 3200,
            .uuid_hash = "f00"};
  }
  [[nodiscard]] std::map<std::string, std::string> software() const override {
    return {{"driver", "1"}};
  }
  std::unique_ptr<PreparedCell> prepare(const Cell& cell, NotPrepared& reason) override;
  double empty_repetition() override { return 1e-6; }
  Clocks clocks() override {
    return {.sm_median_mhz = sm_mhz(clock),
            .sm_least_mhz = sm_mhz(clock),
            .power_w = 600,
            .temperature_c = 55};
  }
  double now() override { return clock; }
  std::string utc() override { return "2026-11-27T00:00:00Z"; }
};

}  // namespace helixsim
