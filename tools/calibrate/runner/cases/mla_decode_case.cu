#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tools/calibrate/kernels/mla_decode_wgmma.hpp"
#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/random_fill.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

constexpr double kLog2E = 1.4426950408889634;

/// Shape: b requests of s tokens, contiguous; h heads; split ways.
template <class Format, bool kWgmma = false>
class MlaDecodeCase final : public KernelCase {
 public:
  using Number = typename Format::Number;

  MlaDecodeCase(const Cell& cell, int sets)
      : batch_(number(cell, "b")),
        tokens_(number(cell, "s")),
        heads_(number(cell, "h")),
        splits_(number(cell, "split")) {
    if (kWgmma ? heads_ % kMlaWgmmaHeads != 0 : heads_ != 16 && heads_ != 32 && heads_ % 64 != 0)
      throw std::invalid_argument("heads: 16, 32, or a multiple of 64");
    latents_ = std::size_t{batch_} * tokens_ * kMlaWidth;
    const std::size_t rows = std::size_t{batch_} * heads_;
    q_ = normal_array<Bf16>(rows * kMlaWidth, 1);
    cache_ = normal_array<Number>(latents_ * static_cast<std::size_t>(sets), 2);
    partial_ = DeviceArray<float>(splits_ * rows * kMlaValues);
    lse2_ = DeviceArray<float>(splits_ * rows);
    lengths_ = DeviceArray<int>(std::vector<int>(batch_, static_cast<int>(tokens_)));
    call_ = {.q = q_.data(),
             .cache = cache_.data(),
             .pages = nullptr,
             .lengths = lengths_.data(),
             .partial = partial_.data(),
             .lse2 = lse2_.data(),
             .scale_log2 = static_cast<float>(kLog2E / std::sqrt(192.0)),
             .heads = heads_,
             .page_tokens = static_cast<int>(tokens_),
             .pages_per_request = 1};
  }

  void enqueue(cudaStream_t stream, int set) override {
    MlaDecode<Format> call = call_;
    call.cache += latents_ * static_cast<std::size_t>(set);
    GpuDevice device(stream);
    if constexpr (kWgmma) {
      device.launch(&mla_decode_wgmma,
                    {.x = splits_,
                     .y = heads_ / kMlaWgmmaHeads,
                     .z = batch_,
                     .threads = kMlaWgmmaThreads,
                     .shared_bytes = sizeof(MlaWgmmaShared)},
                    call);
    } else {
      run(device, call, splits_, batch_);
    }
  }

  CheckResult check() override {
    partial_.poison();
    lse2_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    add_head(0, 0, found);
    add_head(batch_ - 1, heads_ - 1, found);
    constexpr double kTolerance = 5e-3;  // of the probabilities' BF16
    return found.result(kTolerance);
  }

 private:
  static unsigned number(const Cell& cell, const char* name) {
    return static_cast<unsigned>(shape_of(cell, name));
  }
  void add_head(unsigned request, unsigned head, SampledCheck& found);
  [[nodiscard]] std::vector<double> expected_of(unsigned request, unsigned head) const;

  unsigned batch_, tokens_, heads_, splits_;
  std::size_t latents_ = 0;
  DeviceArray<Bf16> q_;
  DeviceArray<Number> cache_;
  DeviceArray<float> partial_, lse2_;
  DeviceArray<int> lengths_;
  MlaDecode<Format> call_;
  std::map<std::pair<unsigned, unsigned>, std::vector<double>> expected_;  ///< inputs stay
};

/// In FP64 over all tokens of a request.
template <class Format, bool kWgmma>
std::vector<double> MlaDecodeCase<Format, kWgmma>::expected_of(unsigned request,
                                                               unsigned head) const {
  const std::size_t row = std::size_t{request} * heads_ + head;
  const std::vector<Bf16> q = q_.read(row * kMlaWidth, kMlaWidth);
  std::vector<double> sum(kMlaValues, 0.0);
  Softmax<double> state;
  constexpr unsigned kChunk = 4096;  // tokens that are read at once
  for (unsigned begin = 0; begin < tokens_; begin += kChunk) {
    const unsigned count = std::min(kChunk, tokens_ - begin);
    const auto latents = cache_.read((std::size_t{request} * tokens_ + begin) * kMlaWidth,
                                     std::size_t{count} * kMlaWidth);
    for (std::size_t token = 0; token < count; ++token) {
      double score = 0.0;
      for (std::size_t i = 0; i < kMlaWidth; ++i)
        score += double{to_float(q[i])} * to_float(latents[token * kMlaWidth + i]);
      score *= call_.scale_log2;
      const double next = std::max(state.largest, score);
      const double keep = rescale_of(state, next);
      const double weight = std::exp2(score - next);
      for (std::size_t i = 0; i < kMlaValues; ++i)
        sum[i] = sum[i] * keep + weight * to_float(latents[token * kMlaWidth + i]);
      state = {next, state.sum * keep + weight};
    }
  }
  for (double& one : sum) one /= state.sum;
  return sum;
}

template <class Format, bool kWgmma>
void MlaDecodeCase<Format, kWgmma>::add_head(unsigned request, unsigned head, SampledCheck& found) {
  std::vector<double>& expected = expected_[{request, head}];
  if (expected.empty()) expected = expected_of(request, head);
  const std::size_t row = std::size_t{request} * heads_ + head;
  const std::size_t rows = std::size_t{batch_} * heads_;
  MergedLse<double> merged;
  for (unsigned split = 0; split < splits_; ++split)
    merged.add(lse2_.read(split * rows + row, 1)[0]);
  std::vector<double> out(kMlaValues, 0.0);
  for (unsigned split = 0; split < splits_; ++split) {
    const double weight = merged.weight(lse2_.read(split * rows + row, 1)[0]);
    const auto part = partial_.read((split * rows + row) * kMlaValues, kMlaValues);
    for (std::size_t i = 0; i < kMlaValues; ++i) out[i] += weight * part[i];
  }
  for (std::size_t i = 0; i < kMlaValues; ++i) found.add(out[i], expected[i]);
}

}  // namespace

std::unique_ptr<KernelCase> make_mla_decode_bf16(const Cell& cell, int sets) {
  return std::make_unique<MlaDecodeCase<kernels::Bf16Latents>>(cell, sets);
}
std::unique_ptr<KernelCase> make_mla_decode_wgmma(const Cell& cell, int sets) {
  return std::make_unique<MlaDecodeCase<kernels::Bf16Latents, true>>(cell, sets);
}
std::unique_ptr<KernelCase> make_mla_decode_e4m3(const Cell& cell, int sets) {
  return std::make_unique<MlaDecodeCase<kernels::E4m3Latents>>(cell, sets);
}

}  // namespace helixsim
