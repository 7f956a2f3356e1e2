#include "tools/calibrate/kernels/mla_decode_wgmma.hpp"
