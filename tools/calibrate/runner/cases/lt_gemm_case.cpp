#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/cublas_lt.hpp"
#include "tools/calibrate/runner/launch_graph.hpp"
#include "tools/calibrate/runner/random_fill.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using kernels::Bf16;
using kernels::E4m3;

constexpr std::size_t kWorkspaceBytes = std::size_t{64} << 20;
constexpr int kAlgorithms = 8;  ///< that the library names first; the fastest of them is kept

std::size_t size_of(int n) {
  return static_cast<std::size_t>(n);
}

void check_lt(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::invalid_argument(std::string(call) + ": status " + std::to_string(status));
}

/// Numbers of a format and how the library is told of their scales. All scales are 1: then their
/// order in memory, which is the library's own, does not matter to the result.
struct LtBf16 {
  using Number = Bf16;
  static constexpr cudaDataType_t kType = CUDA_R_16BF;
  static constexpr unsigned kPacked = 1;  ///< numbers in one of Number
};
struct LtE4m3 {
  using Number = E4m3;
  static constexpr cudaDataType_t kType = CUDA_R_8F_E4M3;
  static constexpr unsigned kPacked = 1;
};
/// FP32 scales of 128 x 128 weights and of 128 numbers of a token. Source: DeepSeek-V3.
struct LtE4m3Blocks : LtE4m3 {
  using Scale = float;
  static Scale one() { return 1.0f; }
  static constexpr cublasLtMatmulMatrixScale_t kOfWeights =
      CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F;
  static constexpr cublasLtMatmulMatrixScale_t kOfTokens = CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F;
  static std::size_t scales_of_weights(std::size_t n, std::size_t k) {
    return (n + 127) / 128 * (((k + 127) / 128 + 3) / 4 * 4);
  }
  static std::size_t scales_of_tokens(std::size_t m, std::size_t k) {
    return (m + 3) / 4 * 4 * ((k + 127) / 128);
  }
};
/// Scales in UE4M3 of 16 numbers, in tiles of 128 rows and 4 columns.
struct LtNvfp4 {
  using Number = PackedE2m1;
  static constexpr cudaDataType_t kType = CUDA_R_4F_E2M1;
  static constexpr unsigned kPacked = 2;
  using Scale = E4m3;
  static Scale one() { return kernels::to_e4m3(1.0f); }
  static constexpr cublasLtMatmulMatrixScale_t kOfWeights =
      CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3;
  static constexpr cublasLtMatmulMatrixScale_t kOfTokens = CUBLASLT_MATMUL_MATRIX_SCALE_VEC16_UE4M3;
  static std::size_t scales_of_weights(std::size_t n, std::size_t k) {
    return (n + 127) / 128 * 128 * ((k / 16 + 3) / 4 * 4);
  }
  static std::size_t scales_of_tokens(std::size_t m, std::size_t k) {
    return scales_of_weights(m, k);
  }
};
template <class Format>
constexpr bool kHasScales = requires {
  typename Format::Scale;
};

float value_of(Bf16 number, unsigned) {
  return to_float(number);
}
float value_of(E4m3 number, unsigned) {
  return to_float(number);
}
float value_of(PackedE2m1 pair, unsigned which) {
  return to_float(kernels::E2m1{static_cast<std::uint8_t>(pair.bits >> (4 * which) & 0xFu)});
}

/// Descriptions that the library made, destroyed by it.
struct LtDestroy {
  void operator()(cublasLtMatmulDesc_t operation) const {
    CublasLt::get()->desc_destroy(operation);
  }
  void operator()(cublasLtMatrixLayout_t layout) const { CublasLt::get()->layout_destroy(layout); }
  void operator()(cublasLtMatmulPreference_t preference) const {
    CublasLt::get()->preference_destroy(preference);
  }
};
template <class Handle>
using LtHandle = std::unique_ptr<std::remove_pointer_t<Handle>, LtDestroy>;

LtHandle<cublasLtMatrixLayout_t> layout_of(const CublasLt& lt, cudaDataType_t type, int rows,
                                           int columns) {
  cublasLtMatrixLayout_t layout = nullptr;
  check_lt(lt.layout_create(&layout, type, static_cast<std::uint64_t>(rows),
                            static_cast<std::uint64_t>(columns), rows),
           "cublasLtMatrixLayoutCreate");
  return LtHandle<cublasLtMatrixLayout_t>(layout);
}

/// The library's descriptions of out[m, n] = x[m, k] w[n, k]^T: in its columns w^T x.
struct Problem {
  LtHandle<cublasLtMatmulDesc_t> operation;
  LtHandle<cublasLtMatrixLayout_t> w, x, out;
};

/// Shape: m tokens, n outputs, k inputs.
template <class Format>
class LtGemmCase final : public KernelCase {
 public:
  using Number = typename Format::Number;

  LtGemmCase(const Cell& cell, int sets)
      : m_(shape_of(cell, "m")), n_(shape_of(cell, "n")), k_(shape_of(cell, "k")) {
    lt_ = CublasLt::get();
    if (lt_ == nullptr) throw std::invalid_argument("cuBLASLt is not there");
    weights_ = size_of(n_) * size_of(k_) / Format::kPacked;
    w_ = normal_array<Number>(weights_ * size_of(sets), 1);
    x_ = normal_array<Number>(size_of(m_) * size_of(k_) / Format::kPacked, 2, kTokenScale);
    out_ = DeviceArray<Bf16>(size_of(m_) * size_of(n_));
    workspace_ = DeviceArray<unsigned char>(kWorkspaceBytes);
    describe();
    choose_algorithm(sets);
  }

  void enqueue(cudaStream_t stream, int set) override { enqueue_with(algorithm_, stream, set); }
  CheckResult check() override;

 private:
  void describe();
  void choose_algorithm(int sets);
  bool runs(const cublasLtMatmulHeuristicResult_t& found);
  void enqueue_with(const cublasLtMatmulAlgo_t& algorithm, cudaStream_t stream, int set) {
    const float one = 1.0f;
    const float zero = 0.0f;
    check_lt(
        lt_->matmul(lt_->handle, problem_.operation.get(), &one,
                    w_.data() + weights_ * size_of(set), problem_.w.get(), x_.data(),
                    problem_.x.get(), &zero, out_.data(), problem_.out.get(), out_.data(),
                    problem_.out.get(), &algorithm, workspace_.data(), workspace_.bytes(), stream),
        "cublasLtMatmul");
  }

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    check_lt(lt_->desc_set(problem_.operation.get(), attribute, &value, sizeof(value)),
             "cublasLtMatmulDescSetAttribute");
  }

  static constexpr float kTokenScale = Format::kPacked == 2 ? 1.0f : 0.25f;
  const CublasLt* lt_ = nullptr;
  int m_, n_, k_;
  std::size_t weights_ = 0;
  DeviceArray<Number> w_, x_;
  DeviceArray<unsigned char> scales_of_weights_, scales_of_tokens_;
  DeviceArray<Bf16> out_;
  DeviceArray<unsigned char> workspace_;
  Problem problem_;
  cublasLtMatmulAlgo_t algorithm_{};
};

/// As many ones of a scale as bytes of memory.
template <class Scale>
DeviceArray<unsigned char> ones(Scale one, std::size_t count) {
  std::vector<unsigned char> bytes(count * sizeof(Scale));
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(bytes.data() + i * sizeof(Scale), &one, sizeof(Scale));
  return DeviceArray<unsigned char>(bytes);
}

template <class Format>
void LtGemmCase<Format>::describe() {
  cublasLtMatmulDesc_t operation = nullptr;
  check_lt(lt_->desc_create(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F),
           "cublasLtMatmulDescCreate");
  problem_.operation.reset(operation);
  set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  if constexpr (kHasScales<Format>) {
    scales_of_weights_ = ones(Format::one(), Format::scales_of_weights(size_of(n_), size_of(k_)));
    scales_of_tokens_ = ones(Format::one(), Format::scales_of_tokens(size_of(m_), size_of(k_)));
    set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, Format::kOfWeights);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, Format::kOfTokens);
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, static_cast<const void*>(scales_of_weights_.data()));
    set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, static_cast<const void*>(scales_of_tokens_.data()));
  }
  problem_.w = layout_of(*lt_, Format::kType, k_, n_);
  problem_.x = layout_of(*lt_, Format::kType, k_, m_);
  problem_.out = layout_of(*lt_, CUDA_R_16BF, n_, m_);
}

/// The fastest of those that the library names first, on the buffers of this case.
template <class Format>
void LtGemmCase<Format>::choose_algorithm(int sets) {
  cublasLtMatmulPreference_t made = nullptr;
  check_lt(lt_->preference_create(&made), "cublasLtMatmulPreferenceCreate");
  const LtHandle<cublasLtMatmulPreference_t> preference(made);
  const std::size_t workspace = kWorkspaceBytes;
  lt_->preference_set(preference.get(), CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
                      sizeof(workspace));
  cublasLtMatmulHeuristicResult_t found[kAlgorithms] = {};
  int count = 0;
  const cublasStatus_t status = lt_->heuristic(
      lt_->handle, problem_.operation.get(), problem_.w.get(), problem_.x.get(), problem_.out.get(),
      problem_.out.get(), preference.get(), kAlgorithms, found, &count);
  if (status != CUBLAS_STATUS_SUCCESS || count == 0)
    throw std::invalid_argument("cuBLASLt has no kernel for this shape and format");
  HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());  // buffers are filled
  double best = std::numeric_limits<double>::infinity();
  const int tried = std::min(sets, 16);
  for (int i = 0; i < count; ++i) {
    if (!runs(found[i])) continue;
    LaunchGraph graph(
        tried, [&](cudaStream_t stream, int set) { enqueue_with(found[i].algo, stream, set); });
    graph.launch();
    const double seconds = std::min(graph.launch(), graph.launch());
    if (seconds >= best) continue;
    best = seconds;
    algorithm_ = found[i].algo;
  }
  if (best == std::numeric_limits<double>::infinity())
    throw std::invalid_argument("no kernel that cuBLASLt names runs");
}

/// Tried outside of a graph, where a failure spoils nothing.
template <class Format>
bool LtGemmCase<Format>::runs(const cublasLtMatmulHeuristicResult_t& found) {
  if (found.state != CUBLAS_STATUS_SUCCESS) return false;
  try {
    enqueue_with(found.algo, nullptr, 0);
  } catch (const std::invalid_argument&) {
    return false;
  }
  HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
  return true;
}

/// A few outputs against FP64.
template <class Format>
CheckResult LtGemmCase<Format>::check() {
  out_.poison();
  enqueue(nullptr, 0);
  HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
  const std::size_t row_words = size_of(k_) / Format::kPacked;
  SampledCheck found;
  constexpr int kSamples = 64;
  for (int i = 0; i < kSamples; ++i) {
    const std::size_t column = (size_of(i) * 2654435761u) % size_of(n_);
    const std::size_t row = size_of(i % m_);
    const std::vector<Number> w = w_.read(column * row_words, row_words);
    const std::vector<Number> x = x_.read(row * row_words, row_words);
    double sum = 0.0;
    for (std::size_t j = 0; j < row_words; ++j) {
      for (unsigned part = 0; part < Format::kPacked; ++part)
        sum += double{value_of(w[j], part)} * value_of(x[j], part);
    }
    found.add(to_float(out_.read(row * size_of(n_) + column, 1)[0]), sum);
  }
  constexpr double kTolerance = 4e-3;  // of the output's BF16
  return found.result(kTolerance);
}

}  // namespace

std::unique_ptr<KernelCase> make_lt_gemm_bf16(const Cell& cell, int sets) {
  return std::make_unique<LtGemmCase<LtBf16>>(cell, sets);
}
std::unique_ptr<KernelCase> make_lt_gemm_e4m3(const Cell& cell, int sets) {
  return std::make_unique<LtGemmCase<LtE4m3>>(cell, sets);
}
std::unique_ptr<KernelCase> make_lt_gemm_e4m3_blocks(const Cell& cell, int sets) {
  return std::make_unique<LtGemmCase<LtE4m3Blocks>>(cell, sets);
}
std::unique_ptr<KernelCase> make_lt_gemm_nvfp4(const Cell& cell, int sets) {
  return std::make_unique<LtGemmCase<LtNvfp4>>(cell, sets);
}

}  // namespace helixsim
