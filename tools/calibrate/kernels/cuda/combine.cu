#include "tools/calibrate/kernels/combine.hpp"

namespace helixsim::kernels {

template __global__ void combine<float, Bf16>(Combine<float, Bf16>);
template __global__ void combine<float, float>(Combine<float, float>);
template __global__ void combine<Bf16, Bf16>(Combine<Bf16, Bf16>);

}  // namespace helixsim::kernels
