#pragma once

/// Marks what kernels and the host both run: shared arithmetic, one piece of code for both.
#if defined(__CUDACC__)
#define HELIXSIM_HOST_DEVICE __host__ __device__ inline
#else
#define HELIXSIM_HOST_DEVICE inline
#endif
