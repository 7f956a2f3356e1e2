#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hw_models/collectives/collective.hpp"
#include "hw_models/kernels/kernel.hpp"
#include "sim/llm/precision_plan.hpp"

namespace helixsim {

enum class OperationKind { Gemm, Attention, Collective, Elementwise };

/// Where the time of a decode step is booked. Communication is booked as exposed or hidden once the
/// step has run.
enum class TimeCategory { Attention, Gemm, Moe, Communication, Other };
inline constexpr int kTimeCategories = 5;

std::string_view name_of(OperationKind kind);
std::string_view name_of(TimeCategory category);

/// Kernels of the second stream run beside those that follow them on the first, one after the
/// other, until a kernel of the first waits for them.
enum class KernelStream : std::uint8_t { First, Second, FirstAfterSecond };

/// One operation of a layer on one GPU: a kernel on the compute stream, or a collective on the
/// communication stream. `name` refers to a string literal.
struct Operation {
  std::string_view name;
  OperationKind kind = OperationKind::Elementwise;
  TimeCategory category = TimeCategory::Other;
  KernelWork work{};
  CollectiveRequest collective{};
  bool cut_by_hop_b =
      false;  ///< the exchange that HOP-B cuts into chunks with the attention before it
  KernelStream stream = KernelStream::First;
  double active_experts = 0.0;  ///< routed experts whose weights are read, for grouped GEMMs
  Seconds host{};               ///< for which the GPU waits for the host; no kernel then
  Bytes
      beside_bytes{};  ///< that kernels of the first stream read while this one of the second does
};

using OperationList = std::vector<Operation>;

/// A GEMM of `tokens` rows against weights of `shape` (its n, k and batch), stored and computed in
/// `precision`. `input_ready`: a kernel before it gives the activations in that format.
Operation gemm(std::string_view name, GemmShape shape, double tokens, Precision precision,
               TimeCategory category = TimeCategory::Gemm, bool input_ready = false);
/// Flash-decode over `kv_elements` of the cache, computed in the attention arithmetic of the plan.
Operation flash_decode_kernel(double kv_elements, Flops flops, const AttentionShape& shape,
                              const PrecisionPlan& precision);
Operation elementwise(std::string_view name, TimeCategory category = TimeCategory::Other);
/// One that libraries do within the attention or the expert kernel beside it.
Operation included_elementwise(std::string_view name, TimeCategory category = TimeCategory::Other);

}  // namespace helixsim
