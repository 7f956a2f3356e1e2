#include "hw_models/kernels/kernel.hpp"

#include <algorithm>

namespace helixsim {

KernelWork part_of(KernelWork work, double share) {
  work.kv_bytes *= share;
  work.flops *= share;
  if (auto* shape = std::get_if<AttentionShape>(&work.shape)) shape->batch *= share;
  return work;
}

KernelWork with_load(KernelWork work, double active, double rows) {
  work.weight_bytes *= active;
  work.flops *= rows;
  if (auto* shape = std::get_if<GroupedGemmShape>(&work.shape)) {
    shape->active = std::clamp(shape->active * active, 1e-6, shape->experts);
    shape->rows = std::max(shape->rows * rows, 1e-6);
  }
  return work;
}

}  // namespace helixsim
