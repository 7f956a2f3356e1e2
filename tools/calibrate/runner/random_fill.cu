#include "tools/calibrate/runner/random_fill.hpp"

namespace helixsim {
namespace {

__device__ std::uint64_t mixed(std::uint64_t x) {  // SplitMix64
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Box and Muller, from the two halves of a hash.
__device__ float normal_at(std::uint64_t seed, std::size_t index) {
  const std::uint64_t bits = mixed(mixed(seed) ^ index);
  const float u = (static_cast<float>(bits >> 40) + 0.5f) * 0x1p-24f;
  const float v = static_cast<float>(bits & 0xFFFFFFu) * 0x1p-24f;
  return sqrtf(-2.0f * logf(u)) * cospif(2.0f * v);
}

__device__ void assign(kernels::Bf16& to, float value) {
  to = kernels::to_bf16(value);
}
__device__ void assign(kernels::E4m3& to, float value) {
  to = kernels::to_e4m3(value);
}
__device__ void assign(float& to, float value) {
  to = value;
}

__device__ void assign(PackedE2m1& to, std::uint64_t seed, std::size_t index, float scale) {
  const unsigned low = kernels::to_e2m1(scale * normal_at(seed, 2 * index)).bits;
  const unsigned high = kernels::to_e2m1(scale * normal_at(seed, 2 * index + 1)).bits;
  to.bits = static_cast<std::uint8_t>(low | high << 4);
}
template <class T>
__device__ void assign(T& to, std::uint64_t seed, std::size_t index, float scale) {
  assign(to, scale * normal_at(seed, index));
}

template <class T>
__global__ void fill(T* data, std::size_t count, std::uint64_t seed, float scale) {
  for (std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x; i < count;
       i += std::size_t{gridDim.x} * blockDim.x)
    assign(data[i], seed, i, scale);
}

template <class T>
void fill_on_gpu(T* data, std::size_t count, std::uint64_t seed, float scale) {
  if (count == 0) return;
  fill<<<1024, 256>>>(data, count, seed, scale);
  HELIXSIM_CUDA_CALL(cudaGetLastError());
}

}  // namespace

void fill_normal(kernels::Bf16* data, std::size_t count, std::uint64_t seed, float scale) {
  fill_on_gpu(data, count, seed, scale);
}
void fill_normal(kernels::E4m3* data, std::size_t count, std::uint64_t seed, float scale) {
  fill_on_gpu(data, count, seed, scale);
}
void fill_normal(PackedE2m1* data, std::size_t count, std::uint64_t seed, float scale) {
  fill_on_gpu(data, count, seed, scale);
}
void fill_normal(float* data, std::size_t count, std::uint64_t seed, float scale) {
  fill_on_gpu(data, count, seed, scale);
}

}  // namespace helixsim
