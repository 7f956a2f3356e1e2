#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

/// Outputs of one format: memory for them, and a row of them as numbers.
template <class Rows>
struct RowMemory;

template <>
struct RowMemory<RowsBf16> {
  static constexpr double kTolerance = 4e-3;
  DeviceArray<Bf16> out;

  explicit RowMemory(std::size_t numbers) : out(numbers) {}
  void poison() { out.poison(); }
  [[nodiscard]] RowsBf16 rows() const { return {out.data()}; }
  [[nodiscard]] std::vector<double> row(std::size_t first, std::size_t count) const {
    std::vector<double> numbers;
    for (const Bf16 number : out.read(first, count)) numbers.push_back(to_float(number));
    return numbers;
  }
};

template <>
struct RowMemory<RowsE4m3Tensor> {
  static constexpr double kTolerance = 4e-2;
  static constexpr float kScale = 0.25f;
  DeviceArray<E4m3> out;

  explicit RowMemory(std::size_t numbers) : out(numbers) {}
  void poison() { out.poison(); }
  [[nodiscard]] RowsE4m3Tensor rows() const { return {out.data(), 1.0f / kScale}; }
  [[nodiscard]] std::vector<double> row(std::size_t first, std::size_t count) const {
    std::vector<double> numbers;
    for (const E4m3 number : out.read(first, count)) numbers.push_back(kScale * to_float(number));
    return numbers;
  }
};

template <>
struct RowMemory<RowsE4m3Blocks> {
  static constexpr double kTolerance = 4e-2;
  DeviceArray<E4m3> out;
  DeviceArray<float> scales;

  explicit RowMemory(std::size_t numbers)
      : out(numbers), scales(numbers / RowsE4m3Blocks::kBlock) {}
  void poison() {
    out.poison();
    scales.poison();
  }
  [[nodiscard]] RowsE4m3Blocks rows() const { return {out.data(), scales.data()}; }
  [[nodiscard]] std::vector<double> row(std::size_t first, std::size_t count) const {
    const auto of = scales.read(first / RowsE4m3Blocks::kBlock, count / RowsE4m3Blocks::kBlock);
    std::vector<double> numbers;
    for (const E4m3 number : out.read(first, count))
      numbers.push_back(of[numbers.size() / RowsE4m3Blocks::kBlock] * to_float(number));
    return numbers;
  }
};

template <>
struct RowMemory<RowsNvfp4> {
  static constexpr double kTolerance = 0.15;
  static constexpr float kScale = 0.01f;
  DeviceArray<std::uint32_t> out;
  DeviceArray<E4m3> scales;

  explicit RowMemory(std::size_t numbers) : out(numbers / 8), scales(numbers / RowsNvfp4::kBlock) {}
  void poison() {
    out.poison();
    scales.poison();
  }
  [[nodiscard]] RowsNvfp4 rows() const { return {out.data(), scales.data(), 1.0f / kScale}; }
  [[nodiscard]] std::vector<double> row(std::size_t first, std::size_t count) const {
    const auto of = scales.read(first / RowsNvfp4::kBlock, count / RowsNvfp4::kBlock);
    std::vector<double> numbers;
    for (const std::uint32_t word : out.read(first / 8, count / 8)) {
      for (unsigned i = 0; i < 8; ++i) {
        const E2m1 number{static_cast<std::uint8_t>(word >> (4 * i) & 0xFu)};
        numbers.push_back(double{kScale} * to_float(of[numbers.size() / RowsNvfp4::kBlock]) *
                          to_float(number));
      }
    }
    return numbers;
  }
};

std::vector<double> numbers_of(const std::vector<Bf16>& from) {
  std::vector<double> numbers;
  for (const Bf16 number : from) numbers.push_back(to_float(number));
  return numbers;
}

/// RMSNorm with a residual. Shape: m rows of `width`.
template <class Rows>
struct NormOp {
  static constexpr unsigned kInputs = 1;  ///< rows read for one written
  unsigned width;
  DeviceArray<Bf16> weight, residual;

  NormOp(unsigned m, unsigned width_)
      : width(width_), weight(normal_array<Bf16>(width_, 5)), residual(std::size_t{m} * width_) {
    if (width > kNormMostHidden) throw std::invalid_argument("rows of at most 16,384");
    residual.clear();
  }
  void launch(GpuDevice& device, const Bf16* x, const Rows& rows, unsigned m) {
    RmsNorm<Rows> call;
    call.x = x;
    call.residual = residual.data();
    call.weight = weight.data();
    call.rows = rows;
    call.hidden = width;
    run(device, call, m);
  }
  void reset() { residual.clear(); }
  [[nodiscard]] std::vector<double> expected(const std::vector<double>& x) const {
    double squares = 0.0;
    for (const double number : x) squares += number * number;
    const double scale = 1.0 / std::sqrt(squares / width + 1e-6);
    const std::vector<double> weights = numbers_of(weight.read());
    std::vector<double> out;
    for (std::size_t i = 0; i < x.size(); ++i) out.push_back(x[i] * scale * weights[i]);
    return out;
  }
};

template <class Rows>
struct SwigluOp {
  static constexpr unsigned kInputs = 2;
  unsigned width;

  SwigluOp(unsigned /*m*/, unsigned width_) : width(width_) {}
  void launch(GpuDevice& device, const Bf16* x, const Rows& rows, unsigned m) const {
    Swiglu<Rows> call;
    call.gate_up = x;
    call.rows = rows;
    call.width = width;
    run(device, call, m);
  }
  void reset() {}
  [[nodiscard]] std::vector<double> expected(const std::vector<double>& x) const {
    std::vector<double> out;
    for (std::size_t i = 0; i < width; ++i)
      out.push_back(x[i] / (1.0 + std::exp(-x[i])) * x[width + i]);
    return out;
  }
};

template <class Rows>
struct QuantiseOp {
  static constexpr unsigned kInputs = 1;
  unsigned width;

  QuantiseOp(unsigned /*m*/, unsigned width_) : width(width_) {}
  void launch(GpuDevice& device, const Bf16* x, const Rows& rows, unsigned m) const {
    Quantise<Rows> call;
    call.x = x;
    call.rows = rows;
    call.width = width;
    run(device, call, m);
  }
  void reset() {}
  [[nodiscard]] std::vector<double> expected(const std::vector<double>& x) const { return x; }
};

/// Shape: m rows of `width`.
template <template <class> class Op, class Rows>
class RowCase final : public KernelCase {
 public:
  RowCase(const Cell& cell, int sets)
      : m_(static_cast<unsigned>(shape_of(cell, "m"))),
        op_(m_, static_cast<unsigned>(shape_of(cell, "width"))),
        numbers_(std::size_t{m_} * op_.width),
        x_(normal_array<Bf16>(numbers_ * Op<Rows>::kInputs * static_cast<std::size_t>(sets), 1)),
        out_(numbers_) {
    if (op_.width % 128 != 0) throw std::invalid_argument("widths in whole 128");
  }
  void enqueue(cudaStream_t stream, int set) override {
    GpuDevice device(stream);
    const std::size_t first = numbers_ * Op<Rows>::kInputs * static_cast<std::size_t>(set);
    op_.launch(device, x_.data() + first, out_.rows(), m_);
  }
  CheckResult check() override {
    out_.poison();
    op_.reset();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    const std::size_t width = op_.width;
    for (const std::size_t row : {std::size_t{0}, std::size_t{m_ - 1}}) {
      const std::size_t inputs = width * Op<Rows>::kInputs;
      const auto expected = op_.expected(numbers_of(x_.read(row * inputs, inputs)));
      const auto out = out_.row(row * width, width);
      for (std::size_t i = 0; i < width; ++i) found.add(out[i], expected[i]);
    }
    return found.result(RowMemory<Rows>::kTolerance);
  }

 private:
  unsigned m_;
  Op<Rows> op_;
  std::size_t numbers_;
  DeviceArray<Bf16> x_;
  RowMemory<Rows> out_;
};

template <template <class> class Op>
std::unique_ptr<KernelCase> make(const Cell& cell, int sets) {
  const std::string& format = cell.key.variant;
  if (format == "e4m3_tensor") return std::make_unique<RowCase<Op, RowsE4m3Tensor>>(cell, sets);
  if (format == "e4m3_blocks") return std::make_unique<RowCase<Op, RowsE4m3Blocks>>(cell, sets);
  if (format == "nvfp4") return std::make_unique<RowCase<Op, RowsNvfp4>>(cell, sets);
  throw std::invalid_argument("no such format of rows: " + format);
}

}  // namespace

std::unique_ptr<KernelCase> make_rms_norm(const Cell& cell, int sets) {
  if (cell.key.variant == "bf16") return std::make_unique<RowCase<NormOp, RowsBf16>>(cell, sets);
  return make<NormOp>(cell, sets);
}
std::unique_ptr<KernelCase> make_swiglu(const Cell& cell, int sets) {
  if (cell.key.variant == "bf16") return std::make_unique<RowCase<SwigluOp, RowsBf16>>(cell, sets);
  return make<SwigluOp>(cell, sets);
}
std::unique_ptr<KernelCase> make_quantise(const Cell& cell, int sets) {
  return make<QuantiseOp>(cell, sets);
}

}  // namespace helixsim
