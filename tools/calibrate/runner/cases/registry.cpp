#include "tools/calibrate/runner/cases/cases.hpp"

namespace helixsim {

std::span<const KernelCaseEntry> kernel_cases() {
  static constexpr KernelCaseEntry kTable[] = {
      {"gqa_decode", "mma16_bf16", make_gqa_decode_bf16},
      {"gqa_decode", "mma16_e4m3", make_gqa_decode_e4m3},
      {"combine", "warp_row", make_combine},
      {"gemm", "cublaslt_bf16", make_lt_gemm_bf16},
      {"gemm", "cublaslt_e4m3", make_lt_gemm_e4m3},
  };
  return kTable;
}

}  // namespace helixsim
