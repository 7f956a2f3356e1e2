#include "tools/calibrate/kernels/gemv.hpp"

namespace helixsim::kernels {

template __global__ void gemv<Bf16Weights, 1>(Gemv<Bf16Weights>);
template __global__ void gemv<Bf16Weights, 2>(Gemv<Bf16Weights>);
template __global__ void gemv<E4m3Weights, 1>(Gemv<E4m3Weights>);
template __global__ void gemv<E4m3Weights, 2>(Gemv<E4m3Weights>);

}  // namespace helixsim::kernels
