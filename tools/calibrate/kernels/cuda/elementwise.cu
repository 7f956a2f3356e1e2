#include "tools/calibrate/kernels/elementwise.hpp"
#include "tools/calibrate/kernels/mla_append.hpp"
#include "tools/calibrate/kernels/rms_norm.hpp"
#include "tools/calibrate/kernels/rope_append.hpp"

namespace helixsim::kernels {

template __global__ void rms_norm<RowsBf16>(RmsNorm<RowsBf16>);
template __global__ void rms_norm<RowsE4m3Tensor>(RmsNorm<RowsE4m3Tensor>);
template __global__ void rms_norm<RowsE4m3Blocks>(RmsNorm<RowsE4m3Blocks>);
template __global__ void rms_norm<RowsNvfp4>(RmsNorm<RowsNvfp4>);
template __global__ void swiglu<RowsBf16>(Swiglu<RowsBf16>);
template __global__ void swiglu<RowsE4m3Tensor>(Swiglu<RowsE4m3Tensor>);
template __global__ void swiglu<RowsE4m3Blocks>(Swiglu<RowsE4m3Blocks>);
template __global__ void swiglu<RowsNvfp4>(Swiglu<RowsNvfp4>);
template __global__ void quantise<RowsE4m3Tensor>(Quantise<RowsE4m3Tensor>);
template __global__ void quantise<RowsE4m3Blocks>(Quantise<RowsE4m3Blocks>);
template __global__ void quantise<RowsNvfp4>(Quantise<RowsNvfp4>);
template __global__ void rope_append<Bf16Kv>(RopeAppend<Bf16Kv>);
template __global__ void rope_append<E4m3Kv>(RopeAppend<E4m3Kv>);
template __global__ void mla_append<Bf16Latents>(MlaAppend<Bf16Latents>);
template __global__ void mla_append<E4m3Latents>(MlaAppend<E4m3Latents>);

}  // namespace helixsim::kernels
