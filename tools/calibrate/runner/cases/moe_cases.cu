#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

unsigned number(const Cell& cell, const char* name) {
  return static_cast<unsigned>(shape_of(cell, name));
}

/// DeepSeek's router. Shape: m tokens over 256 experts.
class RouterCase final : public KernelCase {
 public:
  RouterCase(const Cell& cell, int sets)
      : tokens_(number(cell, "m")),
        logits_(normal_array<Bf16>(numbers() * static_cast<std::size_t>(sets), 1)),
        bias_(normal_array<float>(routing_.experts, 2, 0.01f)),
        expert_of_(std::size_t{tokens_} * routing_.top_k),
        weight_of_(std::size_t{tokens_} * routing_.top_k) {}

  void enqueue(cudaStream_t stream, int set) override {
    Router<Bf16> call;
    call.logits = logits_.data() + numbers() * static_cast<std::size_t>(set);
    call.bias = bias_.data();
    call.expert_of = expert_of_.data();
    call.weight_of = weight_of_.data();
    call.tokens = tokens_;
    call.routing = routing_;
    GpuDevice device(stream);
    run(device, call);
  }
  /// Experts to the index, weights to the bit.
  CheckResult check() override {
    expert_of_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    const std::vector<float> bias = bias_.read();
    double wrong = 0.0;
    for (std::size_t token = 0; token < std::min(tokens_, 64u); ++token) {
      std::vector<float> logits;
      for (const Bf16 logit : logits_.read(token * routing_.experts, routing_.experts))
        logits.push_back(to_float(logit));
      const RoutedToken expected = route_token(logits, bias, routing_);
      const auto experts = expert_of_.read(token * routing_.top_k, routing_.top_k);
      const auto weights = weight_of_.read(token * routing_.top_k, routing_.top_k);
      for (std::size_t i = 0; i < routing_.top_k; ++i) {
        const bool right = experts[i] == static_cast<int>(expected.experts[i]) &&
                           weights[i] == expected.weights[i];
        wrong += right ? 0.0 : 1.0;
      }
    }
    return {.error = wrong, .ok = wrong == 0.0};
  }

 private:
  [[nodiscard]] std::size_t numbers() const { return std::size_t{tokens_} * routing_.experts; }

  Routing routing_;
  unsigned tokens_;
  DeviceArray<Bf16> logits_;
  DeviceArray<float> bias_;
  DeviceArray<int> expert_of_;
  DeviceArray<float> weight_of_;
};

/// Shape: e experts of this rank, each with me tokens; n outputs, k inputs.
template <class Format>
class GroupedCase final : public KernelCase {
 public:
  using Number = typename Format::Number;

  GroupedCase(const Cell& cell, int sets)
      : experts_(number(cell, "e")),
        each_(number(cell, "me")),
        n_(number(cell, "n")),
        k_(number(cell, "k")),
        weights_(std::size_t{experts_} * n_ * k_),
        w_(normal_array<Number>(weights_ * static_cast<std::size_t>(sets), 1)) {
    if (n_ % 16 != 0 || k_ % 128 != 0 || experts_ > kGroupedMostExperts)
      throw std::invalid_argument("n in whole 16, k in whole 128, at most 256 experts");
    std::vector<int> offsets{0};
    for (unsigned e = 0; e < experts_; ++e)
      offsets.push_back(offsets.back() + static_cast<int>(each_));
    slots_ = static_cast<unsigned>(offsets.back());
    x_ = normal_array<Bf16>(std::size_t{slots_} * k_, 2, 0.25f);
    std::vector<int> pairs(slots_);  // gathered from the far end
    std::iota(pairs.rbegin(), pairs.rend(), 0);
    pair_of_ = DeviceArray<int>(pairs);
    offsets_ = DeviceArray<int>(offsets);
    out_ = DeviceArray<Bf16>(std::size_t{slots_} * n_);
  }

  void enqueue(cudaStream_t stream, int set) override {
    GroupedGemm<Format> call;
    call.x = x_.data();
    call.w = w_.data() + weights_ * static_cast<std::size_t>(set);
    call.offsets = offsets_.data();
    call.pair_of = pair_of_.data();
    call.out = out_.data();
    call.experts = experts_;
    call.n = n_;
    call.k = k_;
    GpuDevice device(stream);
    run(device, call, experts_, each_);
  }
  CheckResult check() override {
    out_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    constexpr unsigned kSamples = 64;
    for (unsigned i = 0; i < kSamples; ++i) {
      const unsigned slot = i * 2654435761u % slots_;
      const std::size_t row = i * 40503u % n_;
      const auto w = w_.read((std::size_t{slot / each_} * n_ + row) * k_, k_);
      const auto x = x_.read(std::size_t{slots_ - 1 - slot} * k_, k_);
      double sum = 0.0;
      for (std::size_t j = 0; j < k_; ++j) sum += double{to_float(w[j])} * to_float(x[j]);
      found.add(to_float(out_.read(std::size_t{slot} * n_ + row, 1)[0]), sum);
    }
    constexpr double kTolerance = 4e-3;
    return found.result(kTolerance);
  }

 private:
  unsigned experts_, each_, n_, k_;
  unsigned slots_ = 0;
  std::size_t weights_;
  DeviceArray<Number> w_;
  DeviceArray<Bf16> x_, out_;
  DeviceArray<int> pair_of_, offsets_;
};

/// Shape: m pairs over e experts, all of this rank.
class OrderCase final : public KernelCase {
 public:
  OrderCase(const Cell& cell, int /*sets*/)
      : pairs_(number(cell, "m")),
        experts_(number(cell, "e")),
        offsets_(std::size_t{experts_} + 1),
        pair_of_(pairs_),
        slot_of_(pairs_) {
    if (experts_ > kOrderMostExperts) throw std::invalid_argument("at most 256 experts");
    std::vector<int> experts;
    for (unsigned pair = 0; pair < pairs_; ++pair)
      experts.push_back(static_cast<int>(pair * 2654435761u % experts_));
    expert_of_ = DeviceArray<int>(experts);
  }
  void enqueue(cudaStream_t stream, int /*set*/) override {
    OrderTokens call;
    call.expert_of = expert_of_.data();
    call.offsets = offsets_.data();
    call.pair_of = pair_of_.data();
    call.slot_of = slot_of_.data();
    call.pairs = pairs_;
    call.experts = experts_;
    GpuDevice device(stream);
    run(device, call);
  }
  /// Slots in the order of experts, of pairs within one; and back.
  CheckResult check() override {
    pair_of_.poison();
    slot_of_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    const std::vector<int> experts = expert_of_.read();
    std::vector<int> expected(pairs_);
    std::iota(expected.begin(), expected.end(), 0);
    std::stable_sort(expected.begin(), expected.end(), [&](int a, int b) {
      return experts[static_cast<std::size_t>(a)] < experts[static_cast<std::size_t>(b)];
    });
    const std::vector<int> slots = slot_of_.read();
    bool right = pair_of_.read() == expected;
    for (std::size_t slot = 0; right && slot < expected.size(); ++slot)
      right = slots[static_cast<std::size_t>(expected[slot])] == static_cast<int>(slot);
    return {.error = right ? 0.0 : 1.0, .ok = right};
  }

 private:
  unsigned pairs_, experts_;
  DeviceArray<int> expert_of_, offsets_, pair_of_, slot_of_;
};

/// Shape: m tokens of 8 experts each, every third of them on another rank; width n.
class FinaliseCase final : public KernelCase {
 public:
  FinaliseCase(const Cell& cell, int sets)
      : tokens_(number(cell, "m")),
        n_(number(cell, "n")),
        sets_(static_cast<unsigned>(sets)),
        y_(normal_array<Bf16>(std::size_t{tokens_} * kPairs * n_ * sets_, 1)),
        weights_(normal_array<float>(std::size_t{tokens_} * kPairs, 2)),
        out_(std::size_t{tokens_} * n_) {
    if (n_ % 8 != 0) throw std::invalid_argument("n in whole 8");
    const int pairs = static_cast<int>(tokens_ * kPairs);
    std::vector<int> slots;
    for (int pair = 0; pair < pairs; ++pair)
      slots.push_back(pair % 3 == 2 ? -1 : pairs - 1 - pair);  // every third is another rank's
    slots_ = DeviceArray<int>(slots);
  }
  void enqueue(cudaStream_t stream, int set) override {
    Finalise call;
    call.y = y_.data() + std::size_t{tokens_} * kPairs * n_ * static_cast<std::size_t>(set);
    call.slot_of = slots_.data();
    call.weight_of = weights_.data();
    call.out = out_.data();
    call.pairs_per_token = kPairs;
    call.n = n_;
    GpuDevice device(stream);
    run(device, call, tokens_);
  }
  CheckResult check() override {
    out_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    const std::size_t token = tokens_ - 1;
    const auto slots = slots_.read(token * kPairs, kPairs);
    const auto weights = weights_.read(token * kPairs, kPairs);
    std::vector<double> expected(n_, 0.0);
    for (unsigned pair = 0; pair < kPairs; ++pair) {
      if (slots[pair] < 0) continue;
      const auto y = y_.read(static_cast<std::size_t>(slots[pair]) * n_, n_);
      for (unsigned i = 0; i < n_; ++i) expected[i] += double{weights[pair]} * to_float(y[i]);
    }
    const auto out = out_.read(token * n_, n_);
    for (unsigned i = 0; i < n_; ++i) found.add(to_float(out[i]), expected[i]);
    constexpr double kTolerance = 4e-3;
    return found.result(kTolerance);
  }

 private:
  static constexpr unsigned kPairs = 8;
  unsigned tokens_, n_, sets_;
  DeviceArray<Bf16> y_;
  DeviceArray<float> weights_;
  DeviceArray<Bf16> out_;
  DeviceArray<int> slots_;
};

}  // namespace

std::unique_ptr<KernelCase> make_router(const Cell& cell, int sets) {
  return std::make_unique<RouterCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_order_tokens(const Cell& cell, int sets) {
  return std::make_unique<OrderCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_grouped_gemm_bf16(const Cell& cell, int sets) {
  return std::make_unique<GroupedCase<Bf16Weights>>(cell, sets);
}
std::unique_ptr<KernelCase> make_grouped_gemm_e4m3(const Cell& cell, int sets) {
  return std::make_unique<GroupedCase<E4m3Weights>>(cell, sets);
}
std::unique_ptr<KernelCase> make_finalise(const Cell& cell, int sets) {
  return std::make_unique<FinaliseCase>(cell, sets);
}

}  // namespace helixsim
