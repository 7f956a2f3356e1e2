#include "tools/calibrate/runner/cases/cases.hpp"

namespace helixsim {

std::span<const KernelCaseEntry> kernel_cases() {
  static constexpr KernelCaseEntry kTable[] = {
      {"stream_read", "loads", make_stream_read},
      {"stream_read", "bulk", make_stream_read_bulk},
      {"stream_copy", "loads", make_stream_copy},
      {"stream_write", "stores", make_stream_write},
      {"pointer_chase", "loads", make_pointer_chase},
      {"launch_chain", "serial", make_launch_chain},
      {"launch_chain", "programmatic", make_launch_chain_programmatic},
      {"gqa_decode", "mma16_bf16", make_gqa_decode_bf16},
      {"gqa_decode", "mma16_e4m3", make_gqa_decode_e4m3},
      {"mla_decode", "mma16_bf16", make_mla_decode_bf16},
      {"mla_decode", "wgmma_bf16", make_mla_decode_wgmma},
      {"mla_decode", "mma16_e4m3", make_mla_decode_e4m3},
      {"combine", "warp_row", make_combine},
      {"gemm", "gemv_bf16", make_gemv_bf16},
      {"gemm", "gemv_e4m3", make_gemv_e4m3},
      {"gemm", "cublaslt_bf16", make_lt_gemm_bf16},
      {"gemm", "cublaslt_e4m3", make_lt_gemm_e4m3},
  };
  return kTable;
}

}  // namespace helixsim
