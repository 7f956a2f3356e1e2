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
      {"rms_norm", "bf16", make_rms_norm},
      {"rms_norm", "e4m3_tensor", make_rms_norm},
      {"rms_norm", "e4m3_blocks", make_rms_norm},
      {"rms_norm", "nvfp4", make_rms_norm},
      {"swiglu", "bf16", make_swiglu},
      {"swiglu", "e4m3_tensor", make_swiglu},
      {"swiglu", "e4m3_blocks", make_swiglu},
      {"swiglu", "nvfp4", make_swiglu},
      {"quantise", "e4m3_tensor", make_quantise},
      {"quantise", "e4m3_blocks", make_quantise},
      {"quantise", "nvfp4", make_quantise},
      {"rope_append", "bf16", make_rope_append},
      {"mla_append", "bf16", make_mla_append},
      {"router", "warp_token", make_router},
      {"grouped_gemm", "gemv_bf16", make_grouped_gemm_bf16},
      {"grouped_gemm", "gemv_e4m3", make_grouped_gemm_e4m3},
      {"finalise", "eights", make_finalise},
      {"gemm", "gemv_bf16", make_gemv_bf16},
      {"gemm", "gemv_e4m3", make_gemv_e4m3},
      {"gemm", "cublaslt_bf16", make_lt_gemm_bf16},
      {"gemm", "cublaslt_e4m3", make_lt_gemm_e4m3},
      {"gemm", "cublaslt_e4m3_blocks", make_lt_gemm_e4m3_blocks},
      {"gemm", "cublaslt_nvfp4", make_lt_gemm_nvfp4},
      {"overlap", "sm_copy", make_beside_sm_copy},
      {"overlap", "engine_copy", make_beside_engine_copy},
      {"hop_b", "sm_copy", make_hop_b},
      {"throttled_copy", "loads", make_throttled_copy},
      {"rank_layer", "gqa_dense_bf16", make_gqa_dense_bf16},
      {"rank_layer", "gqa_dense_e4m3", make_gqa_dense_e4m3},
      {"rank_layer", "mla_moe_e4m3", make_mla_moe_e4m3},
      {"rank_layer", "mla_moe_e4m3_kv_bf16", make_mla_moe_e4m3_kv_bf16},
  };
  return kTable;
}

}  // namespace helixsim
