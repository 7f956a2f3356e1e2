// Every kernel, compiled for the emulator.
#include "tools/calibrate/kernels/combine.hpp"
#include "tools/calibrate/kernels/gqa_decode.hpp"
