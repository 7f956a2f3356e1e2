#include "tools/calibrate/kernels/launch_chain.hpp"
#include "tools/calibrate/kernels/pointer_chase.hpp"
#include "tools/calibrate/kernels/stream.hpp"
#include "tools/calibrate/kernels/throttled_copy.hpp"
