#include "tools/calibrate/kernels/finalise.hpp"
#include "tools/calibrate/kernels/grouped_gemm.hpp"
#include "tools/calibrate/kernels/order_tokens.hpp"
#include "tools/calibrate/kernels/router.hpp"

namespace helixsim::kernels {

template __global__ void router<float, 8>(Router<float>);
template __global__ void router<float, 32>(Router<float>);
template __global__ void router<Bf16, 8>(Router<Bf16>);
template __global__ void router<Bf16, 32>(Router<Bf16>);

template __global__ void grouped_gemm<Bf16Weights, 1>(GroupedGemm<Bf16Weights>);
template __global__ void grouped_gemm<Bf16Weights, 2>(GroupedGemm<Bf16Weights>);
template __global__ void grouped_gemm<Bf16Weights, 4>(GroupedGemm<Bf16Weights>);
template __global__ void grouped_gemm<E4m3Weights, 1>(GroupedGemm<E4m3Weights>);
template __global__ void grouped_gemm<E4m3Weights, 2>(GroupedGemm<E4m3Weights>);
template __global__ void grouped_gemm<E4m3Weights, 4>(GroupedGemm<E4m3Weights>);

}  // namespace helixsim::kernels
