#pragma once

#include "sim/parallel/blocks.hpp"

namespace helixsim {

/// What strategies share whose FFN ends in one all-reduce over the GPUs that it is spread over: tp,
/// medha and helix differ in how wide that is, and in their attention.
class AllReduceStrategy : public Strategy {
 public:
  void dense_block(const StepInput& step, OperationList& out) const override {
    all_reduce_dense_block(step, widths(step.layout), out);
  }
  void moe_block(const StepInput& step, OperationList& out) const override {
    all_reduce_moe_block(step, widths(step.layout), out);
  }
  void begin(const StepInput& step, OperationList& out) const override {
    add_embedding(step, widths(step.layout).vocabulary, out);
  }
  void end(const StepInput& step, OperationList& out) const override { add_lm_head(step, out); }
};

}  // namespace helixsim
