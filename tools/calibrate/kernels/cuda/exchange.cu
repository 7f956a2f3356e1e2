#include "tools/calibrate/kernels/helix_all_to_all.hpp"
#include "tools/calibrate/kernels/one_shot_all_reduce.hpp"
