#pragma once

#include <vector>

#include "sim/decode/pipeline.hpp"
#include "sim/decode/step_operations.hpp"
#include "sim/decode/ttl_error.hpp"

namespace helixsim {

/// A step as it was evaluated.
struct EvaluatedStep {
  const StepOperations* operations = nullptr;
  HopB hop_b;  ///< as run
  StepWeights weights;
  bool overlap_all_reduce = false;
};

/// An operation of a step and the time of the TTL that passes in it (exposed_times).
struct ExposedOperation {
  const Operation* operation = nullptr;
  double seconds = 0.0;
  double share = 1.0;  ///< of the requests in one launch, where HOP-B cuts; of the larger pieces
};
/// Those that take some, in order of the step.
std::vector<ExposedOperation> exposed_operations(const EvaluatedStep& step,
                                                 const Hardware& hardware);

/// Times that are taken not to err: what the user gave, kernels within others, groups of one.
bool is_exact(const Operation& op);
Provenance provenance_of(const ExposedOperation& exposed, const Hardware& hardware);

/// Whether an error of the TTL is known: not of hardware without error rules, nor of the paper's
/// figure 3, whose exchange is a definition.
bool has_error(const HopB& as_run, const Hardware& hardware);

/// Contract: has_error.
TtlError ttl_error(const EvaluatedStep& step, const Hardware& hardware);

/// The same interval, of the step run again `draws` times with errors drawn for each family and for
/// the composition: what hides what may change, and errors have the distributions that were seen.
/// Values are factors of the predicted TTL. The pipeline's slowest stage stays the slowest.
Interval bootstrap_interval(const EvaluatedStep& step, const Hardware& hardware,
                            unsigned long long seed, int draws);

}  // namespace helixsim
