#include "tools/calibrate/kernels/grouped_gemm.hpp"
#include "tools/calibrate/kernels/router.hpp"

namespace helixsim::kernels {

template __global__ void grouped_gemm<Bf16Weights, 1>(GroupedGemm<Bf16Weights>);
template __global__ void grouped_gemm<Bf16Weights, 4>(GroupedGemm<Bf16Weights>);
template __global__ void grouped_gemm<E4m3Weights, 1>(GroupedGemm<E4m3Weights>);
template __global__ void grouped_gemm<E4m3Weights, 4>(GroupedGemm<E4m3Weights>);

}  // namespace helixsim::kernels
