#include <stdexcept>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/random_fill.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

float value_of(float number) {
  return number;
}
float value_of(Bf16 number) {
  return to_float(number);
}

/// Shape: parts of rows of `width` numbers: FP32, of splits; or BF16, of KVP ranks.
template <class In>
class CombineCase final : public KernelCase {
 public:
  CombineCase(const Cell& cell, int sets)
      : parts_(number(cell, "parts")), rows_(number(cell, "rows")), width_(number(cell, "width")) {
    if (parts_ > kCombineMostParts || width_ % 128 != 0)
      throw std::invalid_argument("at most 64 parts, widths that are multiples of 128");
    const auto count = static_cast<std::size_t>(sets);
    partial_ = normal_array<In>(part_numbers() * count, 1);
    lse2_ = normal_array<float>(std::size_t{parts_} * rows_ * count, 2, 5.0f);
    out_ = DeviceArray<Bf16>(std::size_t{rows_} * width_);
    out_lse2_ = DeviceArray<float>(rows_);
  }

  void enqueue(cudaStream_t stream, int set) override {
    Combine<In, Bf16> call{
        .partial = partial_.data() + part_numbers() * static_cast<std::size_t>(set),
        .lse2 = lse2_.data() + std::size_t{parts_} * rows_ * static_cast<std::size_t>(set),
        .out = out_.data(),
        .out_lse2 = out_lse2_.data(),
        .parts = parts_,
        .rows = rows_,
        .width = width_};
    GpuDevice device(stream);
    run(device, call);
  }

  CheckResult check() override {
    out_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    for (const unsigned row : {0u, rows_ / 2, rows_ - 1}) add_row(row, found);
    constexpr double kTolerance = 4e-3;  // of the output's BF16
    return found.result(kTolerance);
  }

 private:
  static unsigned number(const Cell& cell, const char* name) {
    return static_cast<unsigned>(shape_of(cell, name));
  }
  [[nodiscard]] std::size_t part_numbers() const { return std::size_t{parts_} * rows_ * width_; }

  void add_row(unsigned row, SampledCheck& found) const {
    MergedLse<double> merged;
    std::vector<double> lse2;
    for (unsigned part = 0; part < parts_; ++part) {
      lse2.push_back(lse2_.read(std::size_t{part} * rows_ + row, 1)[0]);
      merged.add(lse2.back());
    }
    std::vector<double> expected(width_, 0.0);
    for (unsigned part = 0; part < parts_; ++part) {
      const auto numbers = partial_.read((std::size_t{part} * rows_ + row) * width_, width_);
      for (unsigned i = 0; i < width_; ++i)
        expected[i] += merged.weight(lse2[part]) * value_of(numbers[i]);
    }
    const auto out = out_.read(std::size_t{row} * width_, width_);
    for (unsigned i = 0; i < width_; ++i) found.add(to_float(out[i]), expected[i]);
  }

  unsigned parts_, rows_, width_;
  DeviceArray<In> partial_;
  DeviceArray<Bf16> out_;
  DeviceArray<float> lse2_, out_lse2_;
};

}  // namespace

std::unique_ptr<KernelCase> make_combine_bf16(const Cell& cell, int sets) {
  return std::make_unique<CombineCase<kernels::Bf16>>(cell, sets);
}
std::unique_ptr<KernelCase> make_combine_fp32(const Cell& cell, int sets) {
  return std::make_unique<CombineCase<float>>(cell, sets);
}

}  // namespace helixsim
