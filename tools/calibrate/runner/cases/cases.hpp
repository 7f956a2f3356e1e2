#pragma once

#include "tools/calibrate/runner/kernel_case.hpp"

/// Makers of cases, one a source of this folder; registry.cpp has them in a table.
namespace helixsim {

std::unique_ptr<KernelCase> make_gqa_decode_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_gqa_decode_e4m3(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_combine(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_bf16(const Cell& cell, int sets);
std::unique_ptr<KernelCase> make_lt_gemm_e4m3(const Cell& cell, int sets);

}  // namespace helixsim
