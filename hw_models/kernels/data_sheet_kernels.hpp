#pragma once

#include <memory>

#include "hw_models/gpu.hpp"
#include "hw_models/kernels/kernel_model.hpp"

namespace helixsim {

/// What no kernel can be faster than: the roofline of the data sheet, no fixed time; nothing for
/// what libraries do within another kernel. Monotone.
std::unique_ptr<KernelModel> make_data_sheet_kernels(const Gpu& gpu);

}  // namespace helixsim
