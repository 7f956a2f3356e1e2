#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/decode/critical_path.hpp"
#include "sim/decode/evaluator.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/rack_result.hpp"
#include "sim/decode/sensitivity.hpp"

namespace helixsim {

/// One operation of a report, of one rank; chunks of HOP-B are put together. Times are relative to
/// the start of the operation's layer (or of the step's begin and end).
struct OperationReport {
  std::string_view name;
  std::string_view kind;
  Bytes weight_bytes;
  Bytes kv_bytes;
  Flops flops;
  int group = 0;
  Bytes payload_bytes;
  Bytes sent_bytes;
  double active_experts = 0.0;
  std::string_view algorithm;  ///< of a collective
  SimTime duration;            ///< for which it holds its stream, latencies included
  SimTime start;
  SimTime finish;
  SimTime exposed;  ///< of a collective or on a second stream: time in which nothing is computed
                    ///< on the first; else the duration
};

/// One kind of layer and how many of them the model has.
struct LayerReport {
  std::string_view kind;
  int count = 0;
  SimTime duration;
  std::vector<OperationReport> operations;
};

inline constexpr int kErrorDraws = 1000;  ///< of StepReport::ttl_interval

/// Everything about one point.
struct StepReport {
  Point point;
  PointResult result;
  std::vector<LayerReport> layers;
  std::vector<OperationReport> ends;  ///< before the first layer, after the last, between stages
  std::vector<std::string> warnings;
  std::vector<CriticalOperation> critical_path{};
  std::vector<SensitivityRow> sensitivity{};  ///< when it was asked for
  std::optional<RackResult> rack{};           ///< when ranks were simulated apart
  /// Times of layers and ends are the means of the rank that computes longest; bytes and flops
  /// those of an even rank.
  bool ranks_differ = false;
  /// Of the TTL in seconds, by bootstrap_interval; where ranks differ, in proportion to that of one
  /// rank. Where the fidelity knows of its errors.
  std::optional<Interval> ttl_interval{};
};

/// Evaluates a point and keeps its operations. The schedule is checked through Boost.Graph before
/// it is believed.
StepReport report_step(Evaluator& evaluator, const Point& point);

}  // namespace helixsim
