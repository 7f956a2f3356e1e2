#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sim/decode/setup.hpp"
#include "sim/decode/ttl_error.hpp"
#include "sim/engine/time.hpp"
#include "sim/parallel/hop_b.hpp"
#include "sim/parallel/layout.hpp"
#include "sim/parallel/registry.hpp"

namespace helixsim {

/// One decode step to be costed: who runs it, on which layout, for how many requests of what
/// length.
struct Point {
  const StrategyEntry* strategy = nullptr;
  Layout layout;
  int batch = 1;       ///< requests of one micro-batch
  double context = 1;  ///< cached tokens a request
  HopB hop_b;
  /// Of each request of a micro-batch, when they differ; `context` is their mean then.
  std::vector<double> contexts{};

  [[nodiscard]] long long requests_in_flight() const {
    return static_cast<long long>(batch) * layout.pp;
  }
};

/// Bytes on the fullest GPU, and what it may use.
struct MemoryUse {
  Bytes weights;
  Bytes kv;
  Bytes reserve;
  Bytes usable;

  [[nodiscard]] Bytes total() const { return weights + kv + reserve; }
  [[nodiscard]] bool fits() const { return total() <= usable; }
};

/// Why a point is infeasible: weights (with the reserve) alone do not fit, or the KV cache does not
/// fit beside them.
enum class Shortage { None, Weights, KvCache };
std::string_view name_of(Shortage shortage);
inline Shortage shortage_of(const MemoryUse& memory) {
  if (memory.fits()) return Shortage::None;
  return memory.weights + memory.reserve > memory.usable ? Shortage::Weights : Shortage::KvCache;
}

/// Result of one point. An infeasible point has a memory and a shortage and nothing else.
struct PointResult {
  Shortage shortage = Shortage::None;
  MemoryUse memory;
  SimTime ttl;
  int chunks = 1;  ///< of HOP-B; 1 is one exchange after the whole attention
  std::array<double, kTimeCategories>
      seconds{};                    ///< parts of the TTL; Communication is the exposed part
  double hidden_seconds = 0.0;      ///< communication behind compute
  std::optional<TtlError> error{};  ///< where the fidelity knows of its errors

  /// Of the TTL in seconds; empty without an error.
  [[nodiscard]] std::optional<Interval> ttl_interval() const {
    if (!error) return std::nullopt;
    return interval_of(ttl.seconds().value(), error->log_sd());
  }
  [[nodiscard]] bool feasible() const { return shortage == Shortage::None; }
  [[nodiscard]] double tokens_per_second_per_user() const { return 1.0 / ttl.seconds().value(); }
};

/// tokens/s/GPU = requests in flight / (TTL x GPUs).
inline double tokens_per_second_per_gpu(long long requests_in_flight, SimTime ttl, int gpus) {
  return static_cast<double>(requests_in_flight) / (ttl.seconds().value() * gpus);
}
inline double tokens_per_second_per_gpu(const Point& point, SimTime ttl) {
  return tokens_per_second_per_gpu(point.requests_in_flight(), ttl, point.layout.gpus());
}

/// Why a point is wrong input: a layout fault, a batch that dp does not divide, more chunks than
/// requests.
std::optional<LayoutFault> fault_of(const Setup& setup, const Point& point);
/// The part of it that does not depend on batch and HOP-B.
std::optional<LayoutFault> layout_fault(const Setup& setup, const StrategyEntry& strategy,
                                        const Layout& layout);

}  // namespace helixsim
