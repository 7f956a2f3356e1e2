#pragma once

/// What kernels may ask of the GPU: the same names whether nvcc compiles them for one or a C++
/// compiler for the emulator. A kernel uses nothing else of CUDA.
#if defined(__CUDACC__)
#include "tools/calibrate/kernels/device_cuda.cuh"
#include "tools/calibrate/kernels/warpgroup_cuda.cuh"
#else
#include "tools/calibrate/kernels/device_emulated.hpp"
#include "tools/calibrate/kernels/warpgroup_emulated.hpp"
#endif
