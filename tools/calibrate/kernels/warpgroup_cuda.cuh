#pragma once

#include <cstdint>

#include "tools/calibrate/kernels/device_cuda.cuh"

/// The same functions as warpgroup_emulated.hpp, which says what they do. Those of sm_90a are empty
/// elsewhere; kHasWarpgroupMatrices tells.
namespace helixsim::kernels {

inline constexpr unsigned kWarpgroupThreads = 128;
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
inline constexpr bool kHasWarpgroupMatrices = true;
#define HELIXSIM_SM90A(...) __VA_ARGS__
#else
inline constexpr bool kHasWarpgroupMatrices = false;
#define HELIXSIM_SM90A(...)
#endif

HELIXSIM_DEVICE unsigned warpgroup_index() {
  return __shfl_sync(kAllLanes, threadIdx.x / kWarpgroupThreads, 0);
}

using MatrixDescriptor = std::uint64_t;

HELIXSIM_DEVICE MatrixDescriptor describe_matrix(const void* start, unsigned leading,
                                                 unsigned stride) {
  return std::uint64_t{(shared_address(start) & 0x3FFFFu) >> 4} |
         std::uint64_t{(leading & 0x3FFFFu) >> 4} << 16 |
         std::uint64_t{(stride & 0x3FFFFu) >> 4} << 32 | std::uint64_t{1} << 62;
}
HELIXSIM_DEVICE MatrixDescriptor moved(MatrixDescriptor matrix, unsigned bytes) {
  return matrix + (bytes >> 4);
}

HELIXSIM_DEVICE void fence_products() {
  HELIXSIM_SM90A(asm volatile("wgmma.fence.sync.aligned;" ::: "memory");)
}
HELIXSIM_DEVICE void fence_operands() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// clang-format off
#define HELIXSIM_REGISTERS_32 \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, " \
  "%18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}"
#define HELIXSIM_REGISTERS_128 \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, " \
  "%18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, " \
  "%34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, " \
  "%50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, %64, %65, " \
  "%66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, " \
  "%82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, %96, %97, " \
  "%98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
  "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, " \
  "%126, %127}"
#define HELIXSIM_SUMS_8(s, i) \
  "+f"(s[i]), "+f"(s[i + 1]), "+f"(s[i + 2]), "+f"(s[i + 3]), \
  "+f"(s[i + 4]), "+f"(s[i + 5]), "+f"(s[i + 6]), "+f"(s[i + 7])
#define HELIXSIM_SUMS_32(s, i) \
  HELIXSIM_SUMS_8(s, i), HELIXSIM_SUMS_8(s, i + 8), HELIXSIM_SUMS_8(s, i + 16), HELIXSIM_SUMS_8(s, i + 24)
#define HELIXSIM_SUMS_128(s) \
  HELIXSIM_SUMS_32(s, 0), HELIXSIM_SUMS_32(s, 32), HELIXSIM_SUMS_32(s, 64), HELIXSIM_SUMS_32(s, 96)
// clang-format on

// After the matrices: whether sums count (a predicate, or 1), signs of a and b, and whether a and b
// are MN-major; a in registers cannot be.
HELIXSIM_DEVICE void begin_product(float (&sums)[32], MatrixDescriptor a, MatrixDescriptor b,
                                   bool keep) {
  HELIXSIM_SM90A(
      asm volatile("{\n"
                   ".reg .pred keep;\n"
                   "setp.ne.b32 keep, %34, 0;\n"
                   "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " HELIXSIM_REGISTERS_32
                   ", %32, %33, keep, 1, 1, 0, 0;\n"
                   "}"
                   : HELIXSIM_SUMS_32(sums, 0)
                   : "l"(a), "l"(b), "r"(static_cast<int>(keep)));)
}
HELIXSIM_DEVICE void begin_product(float (&sums)[128], MatrixDescriptor a, MatrixDescriptor b) {
  HELIXSIM_SM90A(
      asm volatile("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 " HELIXSIM_REGISTERS_128
                   ", %128, %129, 1, 1, 1, 0, 1;"
                   : HELIXSIM_SUMS_128(sums)
                   : "l"(a), "l"(b));)
}
HELIXSIM_DEVICE void begin_product(float (&sums)[128], const std::uint32_t (&a)[4],
                                   MatrixDescriptor b) {
  HELIXSIM_SM90A(
      asm volatile("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 " HELIXSIM_REGISTERS_128
                   ", {%128, %129, %130, %131}, %132, 1, 1, 1, 1;"
                   : HELIXSIM_SUMS_128(sums)
                   : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));)
}
HELIXSIM_DEVICE void commit_products() {
  HELIXSIM_SM90A(asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");)
}
template <unsigned kPending>
HELIXSIM_DEVICE void wait_products(float (&sums)[32]) {
  HELIXSIM_SM90A(asm volatile("wgmma.wait_group.sync.aligned %32;"
                              : HELIXSIM_SUMS_32(sums, 0)
                              : "n"(kPending)
                              : "memory");)
}
template <unsigned kPending>
HELIXSIM_DEVICE void wait_products(float (&sums)[128]) {
  HELIXSIM_SM90A(asm volatile("wgmma.wait_group.sync.aligned %128;"
                              : HELIXSIM_SUMS_128(sums)
                              : "n"(kPending)
                              : "memory");)
}

template <unsigned kRegisters>
HELIXSIM_DEVICE void take_registers() {
  HELIXSIM_SM90A(asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));)
}
template <unsigned kRegisters>
HELIXSIM_DEVICE void give_registers() {
  HELIXSIM_SM90A(asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));)
}

HELIXSIM_DEVICE void copy_async(void* to, const void* from) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(shared_address(to)),
               "l"(from)
               : "memory");
}
HELIXSIM_DEVICE void arrive_after_copies(CopyBarrier& barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(&barrier))
               : "memory");
}

}  // namespace helixsim::kernels
