#include <stdexcept>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/random_fill.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

/// Shape: m tokens (at most 16), n outputs, k inputs. E4M3 weights have one scale.
template <class Format>
class GemvCase final : public KernelCase {
 public:
  using Number = typename Format::Number;

  GemvCase(const Cell& cell, int sets) {
    call_.m = number(cell, "m");
    call_.n = number(cell, "n");
    call_.k = number(cell, "k");
    if (call_.k % Format::kPerLoad != 0)
      throw std::invalid_argument("k in whole loads of 16 bytes");
    weights_ = std::size_t{call_.n} * call_.k;
    w_ = normal_array<Number>(weights_ * static_cast<std::size_t>(sets), 1);
    x_ = normal_array<Bf16>(std::size_t{call_.m} * call_.k, 2, 0.25f);
    scale_ = DeviceArray<float>(std::vector<float>{kScale});
    const GemvRoom room = gemv_room(call_.m, call_.n, call_.k, gpu_multiprocessors());
    sums_ = DeviceArray<float>(room.sums);
    arrived_ = DeviceArray<unsigned>(room.arrived);
    arrived_.clear();
    out_ = DeviceArray<Bf16>(std::size_t{call_.m} * call_.n);
    call_.x = x_.data();
    call_.scales = scale_.data();
    call_.sums = sums_.data();
    call_.arrived = arrived_.data();
    call_.out = out_.data();
  }

  void enqueue(cudaStream_t stream, int set) override {
    Gemv<Format> call = call_;
    call.w = w_.data() + weights_ * static_cast<std::size_t>(set);
    GpuDevice device(stream);
    run(device, call);
  }

  CheckResult check() override {
    out_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    const std::vector<Bf16> x = x_.read();
    SampledCheck found;
    constexpr unsigned kSamples = 64;
    for (unsigned i = 0; i < kSamples; ++i) {
      const unsigned row = i * 2654435761u % call_.n;
      const unsigned token = i % call_.m;
      const std::vector<Number> w = w_.read(std::size_t{row} * call_.k, call_.k);
      double sum = 0.0;
      for (std::size_t j = 0; j < call_.k; ++j)
        sum += double{to_float(w[j])} * to_float(x[std::size_t{token} * call_.k + j]);
      found.add(to_float(out_.read(std::size_t{token} * call_.n + row, 1)[0]), sum * kScale);
    }
    constexpr double kTolerance = 4e-3;  // of the output's BF16
    return found.result(kTolerance);
  }

 private:
  static constexpr float kScale = 0.75f;

  static unsigned number(const Cell& cell, const char* name) {
    return static_cast<unsigned>(shape_of(cell, name));
  }

  Gemv<Format> call_;
  std::size_t weights_ = 0;
  DeviceArray<Number> w_;
  DeviceArray<Bf16> x_, out_;
  DeviceArray<float> scale_, sums_;
  DeviceArray<unsigned> arrived_;
};

template <class Format>
std::unique_ptr<KernelCase> make(const Cell& cell, int sets) {
  const int m = shape_of(cell, "m");
  if (m < 1 || m > static_cast<int>(kernels::kGemvMostTokens))
    throw std::invalid_argument("1 to 16 tokens");
  return std::make_unique<GemvCase<Format>>(cell, sets);
}

/// As absorption of MLA has them, one a head. Shape: h heads of m tokens, n outputs, k inputs.
template <class Format>
class BatchedGemvCase final : public KernelCase {
 public:
  using Number = typename Format::Number;

  BatchedGemvCase(const Cell& cell, int sets)
      : heads_(static_cast<unsigned>(shape_of(cell, "h"))),
        m_(static_cast<unsigned>(shape_of(cell, "m"))),
        n_(static_cast<unsigned>(shape_of(cell, "n"))),
        k_(static_cast<unsigned>(shape_of(cell, "k"))),
        weights_(std::size_t{heads_} * n_ * k_),
        w_(normal_array<Number>(weights_ * static_cast<std::size_t>(sets), 1)),
        x_(normal_array<Bf16>(std::size_t{m_} * heads_ * k_, 2, 0.25f)),
        out_(std::size_t{m_} * heads_ * n_) {}

  void enqueue(cudaStream_t stream, int set) override {
    Gemv<Format> call;
    call.x = x_.data();
    call.w = w_.data() + weights_ * static_cast<std::size_t>(set);
    call.out = out_.data();
    call.m = m_;
    call.n = n_;
    call.k = k_;
    call.x_stride = heads_ * k_;
    call.x_batch = k_;
    call.out_stride = heads_ * n_;
    call.out_batch = n_;
    GpuDevice device(stream);
    run_batch(device, call, heads_);
  }
  CheckResult check() override {
    out_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    constexpr unsigned kSamples = 64;
    for (unsigned i = 0; i < kSamples; ++i) {
      const std::size_t head = i * 40503u % heads_;
      const std::size_t row = i * 2654435761u % n_;
      const std::size_t token = i % m_;
      const auto w = w_.read((head * n_ + row) * k_, k_);
      const auto x = x_.read((token * heads_ + head) * k_, k_);
      double sum = 0.0;
      for (std::size_t j = 0; j < k_; ++j) sum += double{to_float(w[j])} * to_float(x[j]);
      found.add(to_float(out_.read((token * heads_ + head) * n_ + row, 1)[0]), sum);
    }
    constexpr double kTolerance = 4e-3;
    return found.result(kTolerance);
  }

 private:
  unsigned heads_, m_, n_, k_;
  std::size_t weights_;
  DeviceArray<Number> w_;
  DeviceArray<Bf16> x_, out_;
};

}  // namespace

std::unique_ptr<KernelCase> make_batched_gemv_bf16(const Cell& cell, int sets) {
  return std::make_unique<BatchedGemvCase<kernels::Bf16Weights>>(cell, sets);
}
std::unique_ptr<KernelCase> make_batched_gemv_e4m3(const Cell& cell, int sets) {
  return std::make_unique<BatchedGemvCase<kernels::E4m3Weights>>(cell, sets);
}
std::unique_ptr<KernelCase> make_gemv_bf16(const Cell& cell, int sets) {
  return make<kernels::Bf16Weights>(cell, sets);
}
std::unique_ptr<KernelCase> make_gemv_e4m3(const Cell& cell, int sets) {
  return make<kernels::E4m3Weights>(cell, sets);
}

}  // namespace helixsim
