#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sim/config/node.hpp"

namespace helixsim {

/// What was measured: enough to measure it again, and to tell two measurements apart.
struct CellKey {
  std::string kernel;                      ///< such as "gqa_decode"
  std::string variant;                     ///< body, such as "mma16_bulk3"
  std::string impl;                        ///< "own" or "lib"
  std::map<std::string, long long> shape;  ///< by the field's symbols: b, s, kvh, qh, n, k, m, ...
  std::map<std::string, std::string> dtype;
  std::string mode;  ///< "graph_cold", "graph_warm" or "isolated"

  /// One line of text, the same for equal keys only.
  [[nodiscard]] std::string text() const;
  bool operator==(const CellKey&) const = default;
};

/// Times of many repetitions of one kernel.
struct Timing {
  double median_us = 0.0;
  double p10_us = 0.0;
  double p90_us = 0.0;
  double empty_us = 0.0;  ///< of a repetition in a graph of empty kernels; already taken off
  int reps = 0;           ///< kernels in a graph, each on buffers of its own
  int samples = 0;        ///< graph launches
};

/// The GPU, without what would name its owner.
struct GpuFacts {
  std::string name;
  std::string sm;  ///< compute capability, such as "9.0"
  int sms = 0;
  long long l2_bytes = 0;
  int memory_mhz = 0;
  std::string uuid_hash;
  int gpus = 1;  ///< of the machine, those that a process sees
};

struct Clocks {
  int sm_median_mhz = 0;  ///< 0: not known
  int sm_least_mhz = 0;
  double power_w = 0.0;
  double temperature_c = 0.0;
};

/// Against the kernel's plain twin, before the timing and after it.
struct CheckResult {
  double error = 0.0;  ///< relative, as the kernel's test takes it
  bool ok = false;
};

/// One measurement: a line of a records file.
struct MeasuredRecord {
  CellKey key;
  double bytes = 0.0;  ///< least that must move
  double flops = 0.0;
  Timing timing;
  CheckResult check;
  GpuFacts gpu;
  Clocks clocks;
  std::map<std::string, std::string> software;  ///< driver, cuda, cublaslt, nccl, git
  std::string utc;
  bool standin = false;  ///< stands in for what this machine cannot do, such as a copy for a link
  bool suspect = false;  ///< measured while the GPU was not at its usual rate
};

inline constexpr const char* kRecordSchema = "helixsim/record/1";

/// Without a line break. read_record takes it back, also when the check's error is no number.
std::string to_json_line(const MeasuredRecord& record);
/// Reads "helixsim/record/1". Keys that it does not know are left alone: later versions add some.
/// Errors: ConfigError; numbers out of range, names beyond 200 characters, a shape without what the
/// laws of its kernel need.
MeasuredRecord read_record(const Node& node);

}  // namespace helixsim
