#pragma once

#include "tools/calibrate/runner/kernel_case.hpp"

/// Makers of cases, one a source of this folder; registry.cpp has them in a table.
namespace helixsim {

std::unique_ptr<KernelCase> make_stream_read(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_stream_read_bulk(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_stream_copy(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_stream_write(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_pointer_chase(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_launch_chain(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_launch_chain_programmatic(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gqa_decode_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gqa_decode_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_mla_decode_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_mla_decode_wgmma(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_mla_decode_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_combine_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_combine_fp32(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_rms_norm(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_swiglu(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_quantise(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_rope_append(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_mla_append(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_router(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_grouped_gemm_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_grouped_gemm_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_finalise(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_order_tokens(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_batched_gemv_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_batched_gemv_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gemv_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gemv_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_e4m3_blocks(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_nvfp4(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_helix_all_to_all(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_one_shot_all_reduce(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_nccl_all_reduce(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_nccl_all_gather(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_nccl_all_to_all(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_beside_sm_copy(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_beside_engine_copy(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_hop_b(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_throttled_copy(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gqa_dense_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gqa_dense_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_mla_moe_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_mla_moe_e4m3_kv_bf16(const Cell& cell, int sets);

}  // namespace helixsim
