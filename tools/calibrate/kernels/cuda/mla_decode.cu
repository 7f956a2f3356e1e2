#include "tools/calibrate/kernels/mla_decode.hpp"

namespace helixsim::kernels {

template __global__ void mla_decode<16, 4>(MlaDecode);
template __global__ void mla_decode<32, 4>(MlaDecode);
template __global__ void mla_decode<64, 3>(MlaDecode);

}  // namespace helixsim::kernels
