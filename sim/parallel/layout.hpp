#pragma once

#include <compare>
#include <optional>
#include <string>

#include "hw_models/group.hpp"
#include "sim/llm/attention/attention_kind.hpp"
#include "sim/llm/model_spec.hpp"

namespace helixsim {

/// Widths come from files: products that no machine has stay below this instead of overflowing.
inline constexpr int kMostGpus = 1 << 30;
constexpr int bounded_product(int a, int b) {
  const long long product = static_cast<long long>(a) * b;
  return product < kMostGpus ? static_cast<int>(product) : kMostGpus;
}

/// How many GPUs share what. One pipeline stage has n = tpa * kvp * dp GPUs; pp stages make N = n *
/// pp. Rank r is GPU r; its place in its stage, r mod n, is (dp index * kvp + kvp index) * tpa +
/// tpa index for attention and, where the FFN is spread over the stage, ep index * tpf + tpf index.
struct Layout {
  int tpa = 1;  ///< attention tensor-parallel width
  int kvp = 1;  ///< KV-sequence-parallel width
  int dp = 1;   ///< attention groups, each with its own requests
  int tpf = 1;  ///< FFN tensor-parallel width
  int ep = 1;   ///< expert-parallel width
  int pp = 1;   ///< pipeline stages

  [[nodiscard]] int stage_gpus() const { return bounded_product(bounded_product(tpa, kvp), dp); }
  [[nodiscard]] int gpus() const { return bounded_product(stage_gpus(), pp); }

  /// `width` neighbouring ranks: TPA, TPF and whole-stage groups.
  [[nodiscard]] Group neighbours(int width) const { return every(1, width); }
  [[nodiscard]] Group tpa_group() const { return neighbours(tpa); }
  [[nodiscard]] Group kvp_group() const { return every(tpa, kvp); }
  /// All GPUs that hold the same requests.
  [[nodiscard]] int attention_gpus() const { return bounded_product(tpa, kvp); }
  [[nodiscard]] Group attention_group() const { return neighbours(attention_gpus()); }
  [[nodiscard]] Group dp_group() const { return every(bounded_product(tpa, kvp), dp); }
  [[nodiscard]] Group tpf_group() const { return neighbours(tpf); }
  [[nodiscard]] Group ep_group() const { return every(tpf, ep); }
  [[nodiscard]] Group stage_group() const { return neighbours(stage_gpus()); }
  /// A rank and the one at its place of the next stage.
  [[nodiscard]] Group hop_group() const { return every(stage_gpus(), 2); }

  auto operator<=>(const Layout&) const = default;

 private:
  [[nodiscard]] Group every(int stride, int size) const {
    return {.size = size, .stride = stride, .ranks = gpus()};
  }
};

/// "tpa 8 kvp 8 tpf 64", widths of 1 left out; "1 GPU" when all are 1.
std::string to_text(const Layout& layout);

/// Why a layout is wrong: the width to blame and what was expected of it.
struct LayoutFault {
  std::string field;
  std::string message;
};

/// Checks that hold for every strategy: heads and experts divide, no more stages than layers, dense
/// models have ep 1.
std::optional<LayoutFault> common_fault(const ModelSpec& model, const AttentionKind& attention,
                                        const Layout& layout);

/// Checks for strategies: a width that must be 1, and FFN widths whose product must be `expected`
/// GPUs.
std::optional<LayoutFault> must_be_one(const char* field, int value, const char* strategy);
std::optional<LayoutFault> must_multiply(const Layout& layout, int expected,
                                         const char* expected_text);

}  // namespace helixsim
