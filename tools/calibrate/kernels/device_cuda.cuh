#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tools/calibrate/kernels/arithmetic/formats.hpp"

#define HELIXSIM_KERNEL static __global__ void
#define HELIXSIM_KERNEL_BOUNDS(threads, blocks) __launch_bounds__(threads, blocks)
#define HELIXSIM_DEVICE __device__ __forceinline__
#define HELIXSIM_UNROLL _Pragma("unroll")

/// The same functions as device_emulated.hpp, which says what they do. PTX names stand in the text
/// of each. Needs sm_90 or later.
namespace helixsim::kernels {

inline constexpr unsigned kWarpThreads = 32;
inline constexpr unsigned kAllLanes = 0xFFFFFFFFu;

struct alignas(16) Words4 {
  std::uint32_t x = 0, y = 0, z = 0, w = 0;
};

HELIXSIM_DEVICE unsigned thread_index() {
  return threadIdx.x;
}
HELIXSIM_DEVICE unsigned block_threads() {
  return blockDim.x;
}
HELIXSIM_DEVICE unsigned lane_index() {
  return threadIdx.x % kWarpThreads;
}
HELIXSIM_DEVICE unsigned warp_index() {
  return threadIdx.x / kWarpThreads;
}
HELIXSIM_DEVICE unsigned block_x() {
  return blockIdx.x;
}
HELIXSIM_DEVICE unsigned block_y() {
  return blockIdx.y;
}
HELIXSIM_DEVICE unsigned block_z() {
  return blockIdx.z;
}
HELIXSIM_DEVICE unsigned grid_x() {
  return gridDim.x;
}
HELIXSIM_DEVICE unsigned grid_y() {
  return gridDim.y;
}
HELIXSIM_DEVICE unsigned grid_z() {
  return gridDim.z;
}

template <class T>
HELIXSIM_DEVICE T& shared_as() {
  extern __shared__ __align__(1024) unsigned char helixsim_shared[];
  return *reinterpret_cast<T*>(helixsim_shared);
}

HELIXSIM_DEVICE void block_barrier() {
  __syncthreads();
}
HELIXSIM_DEVICE void block_barrier(unsigned id, unsigned threads) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}
HELIXSIM_DEVICE void warp_barrier() {
  __syncwarp();
}

template <class T>
HELIXSIM_DEVICE T shuffle(T value, unsigned lane) {
  return __shfl_sync(kAllLanes, value, static_cast<int>(lane));
}
template <class T>
HELIXSIM_DEVICE T shuffle_xor(T value, unsigned mask) {
  return __shfl_xor_sync(kAllLanes, value, static_cast<int>(mask));
}
HELIXSIM_DEVICE std::uint32_t ballot(bool value) {
  return __ballot_sync(kAllLanes, value);
}
HELIXSIM_DEVICE std::uint32_t same_value_lanes(std::uint32_t value) {
  return __match_any_sync(kAllLanes, value);
}
HELIXSIM_DEVICE std::uint32_t largest_of_lanes(std::uint32_t value) {
  return __reduce_max_sync(kAllLanes, value);
}
HELIXSIM_DEVICE std::uint32_t smallest_of_lanes(std::uint32_t value) {
  return __reduce_min_sync(kAllLanes, value);
}

HELIXSIM_DEVICE std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

HELIXSIM_DEVICE void load_matrices(std::uint32_t (&words)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(row))
               : "memory");
}
HELIXSIM_DEVICE void load_matrices_transposed(std::uint32_t (&words)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(shared_address(row))
               : "memory");
}
HELIXSIM_DEVICE void multiply_add(float (&c)[4], const std::uint32_t (&a)[4],
                                  const std::uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

HELIXSIM_DEVICE float fast_exp2(float value) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(value));
  return result;
}
HELIXSIM_DEVICE float fast_log2(float value) {
  float result;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(value));
  return result;
}
HELIXSIM_DEVICE float fast_rsqrt(float value) {
  return rsqrtf(value);
}
HELIXSIM_DEVICE std::uint32_t pack_bf16(float low, float high) {
  std::uint32_t word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
}
HELIXSIM_DEVICE std::uint32_t bf16_of_e4m3(std::uint16_t pair) {
  std::uint32_t halves;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(halves) : "h"(pair));
  float low;
  float high;
  asm("{.reg .b16 l, h; mov.b32 {l, h}, %2; cvt.f32.f16 %0, l; cvt.f32.f16 %1, h;}"
      : "=f"(low), "=f"(high)
      : "r"(halves));
  return pack_bf16(low, high);
}
HELIXSIM_DEVICE std::uint16_t pack_e4m3(float low, float high) {
  std::uint16_t pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(high), "f"(low));
  return pair;
}

HELIXSIM_DEVICE unsigned count_bits(std::uint32_t bits) {
  return static_cast<unsigned>(__popc(bits));
}

struct CopyBarrier {
  std::uint64_t state;
};

HELIXSIM_DEVICE void init_barrier(CopyBarrier& barrier, unsigned arrivals) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(shared_address(&barrier)), "r"(arrivals)
               : "memory");
}
HELIXSIM_DEVICE void fence_barrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
HELIXSIM_DEVICE void arrive(CopyBarrier& barrier) {
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(shared_address(&barrier)) : "memory");
}
HELIXSIM_DEVICE void arrive_expecting(CopyBarrier& barrier, unsigned bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(shared_address(&barrier)),
               "r"(bytes)
               : "memory");
}
HELIXSIM_DEVICE void wait(const CopyBarrier& barrier, unsigned parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared.b64 done, [%0], %1;\n"
      "@!done bra again;\n"
      "}" ::"r"(shared_address(&barrier)),
      "r"(parity)
      : "memory");
}
HELIXSIM_DEVICE void bulk_copy(void* to, const void* from, unsigned bytes, CopyBarrier& barrier) {
  asm volatile(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::
          "r"(shared_address(to)),
      "l"(from), "r"(bytes), "r"(shared_address(&barrier))
      : "memory");
}
HELIXSIM_DEVICE void fence_bulk_copies() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

template <class T>
HELIXSIM_DEVICE T load_streaming(const T* from) {
  if constexpr (sizeof(T) == 16) {
    const uint4 words = __ldcs(reinterpret_cast<const uint4*>(from));
    return *reinterpret_cast<const T*>(&words);
  } else if constexpr (sizeof(T) == 8) {
    const uint2 words = __ldcs(reinterpret_cast<const uint2*>(from));
    return *reinterpret_cast<const T*>(&words);
  } else if constexpr (sizeof(T) == 4) {
    const unsigned word = __ldcs(reinterpret_cast<const unsigned*>(from));
    return *reinterpret_cast<const T*>(&word);
  } else {
    static_assert(sizeof(T) == 2);
    const unsigned short half = __ldcs(reinterpret_cast<const unsigned short*>(from));
    return *reinterpret_cast<const T*>(&half);
  }
}
template <class T>
HELIXSIM_DEVICE void store_streaming(T* to, const T& value) {
  if constexpr (sizeof(T) == 16) {
    __stcs(reinterpret_cast<uint4*>(to), *reinterpret_cast<const uint4*>(&value));
  } else if constexpr (sizeof(T) == 8) {
    __stcs(reinterpret_cast<uint2*>(to), *reinterpret_cast<const uint2*>(&value));
  } else if constexpr (sizeof(T) == 4) {
    __stcs(reinterpret_cast<unsigned*>(to), *reinterpret_cast<const unsigned*>(&value));
  } else {
    static_assert(sizeof(T) == 2);
    __stcs(reinterpret_cast<unsigned short*>(to), *reinterpret_cast<const unsigned short*>(&value));
  }
}

template <class T>
HELIXSIM_DEVICE T load_uncached(const T* from) {
  return __ldcg(from);
}

HELIXSIM_DEVICE unsigned atomic_add(unsigned* counter, unsigned value) {
  return atomicAdd(counter, value);
}
HELIXSIM_DEVICE void fence_device() {
  __threadfence();
}
HELIXSIM_DEVICE void fence_system() {
  __threadfence_system();
}
HELIXSIM_DEVICE void store_release(unsigned* flag, unsigned value) {
  asm volatile("st.release.sys.global.u32 [%0], %1;" ::"l"(flag), "r"(value) : "memory");
}
HELIXSIM_DEVICE void wait_for(const unsigned* flag, unsigned value) {
  unsigned seen;
  do {
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  } while (seen != value);
}

HELIXSIM_DEVICE unsigned look_at(const unsigned* flag) {
  unsigned seen;
  asm volatile("ld.relaxed.sys.global.u32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
  return seen;
}

HELIXSIM_DEVICE std::uint64_t clock_cycles() { return static_cast<std::uint64_t>(clock64()); }

HELIXSIM_DEVICE void send_packets(Words4* to, std::uint32_t first, std::uint32_t second,
                                  std::uint32_t epoch) {
  asm volatile("st.volatile.global.v4.u32 [%0], {%1, %2, %3, %2};" ::"l"(to), "r"(first),
               "r"(epoch), "r"(second)
               : "memory");
}
HELIXSIM_DEVICE void receive_packets(const Words4* from, std::uint32_t epoch, std::uint32_t& first,
                                     std::uint32_t& second) {
  std::uint32_t of_first;
  std::uint32_t of_second;
  do {
    asm volatile("ld.volatile.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(first), "=r"(of_first), "=r"(second), "=r"(of_second)
                 : "l"(from)
                 : "memory");
  } while (of_first != epoch || of_second != epoch);
}

HELIXSIM_DEVICE void wait_for_previous_kernel() {
  asm volatile("griddepcontrol.wait;" ::: "memory");
}
HELIXSIM_DEVICE void release_next_kernel() {
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
}

}  // namespace helixsim::kernels
