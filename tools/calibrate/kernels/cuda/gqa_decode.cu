#include "tools/calibrate/kernels/gqa_decode.hpp"

namespace helixsim::kernels {

template __global__ void gqa_decode<Bf16Kv>(GqaDecode<Bf16Kv>);
template __global__ void gqa_decode<E4m3Kv>(GqaDecode<E4m3Kv>);

}  // namespace helixsim::kernels
