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
std::unique_ptr<KernelCase> make_combine(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gemv_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gemv_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_e4m3(const Cell& cell, int sets);

}  // namespace helixsim
