#include "tools/calibrate/kernels/mla_decode.hpp"

namespace helixsim::kernels {

template __global__ void mla_decode<Bf16Latents, 16, 4>(MlaDecode<Bf16Latents>);
template __global__ void mla_decode<Bf16Latents, 32, 4>(MlaDecode<Bf16Latents>);
template __global__ void mla_decode<Bf16Latents, 64, 3>(MlaDecode<Bf16Latents>);
// Four stages of 16 heads: two blocks fit a multiprocessor and hide each other's barriers.
template __global__ void mla_decode<E4m3Latents, 16, 4>(MlaDecode<E4m3Latents>);
template __global__ void mla_decode<E4m3Latents, 32, 6>(MlaDecode<E4m3Latents>);
template __global__ void mla_decode<E4m3Latents, 64, 6>(MlaDecode<E4m3Latents>);

}  // namespace helixsim::kernels
