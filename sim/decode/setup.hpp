#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw_models/hardware.hpp"
#include "sim/decode/option_keys.hpp"
#include "sim/decode/rack_spec.hpp"
#include "sim/llm/attention/attention_kind.hpp"
#include "sim/llm/model_spec.hpp"
#include "sim/llm/precision_plan.hpp"
#include "sim/parallel/schedule.hpp"

namespace helixsim {

/// Everything that stays the same over the points of a study: model, system seen through a
/// fidelity, formats, options. Immutable and safe to share between threads.
struct Setup {
  Setup(ModelSpec model_spec, Hardware hardware_model, PrecisionPlan plan,
        ScheduleOptions schedule_options);

  ModelSpec model;
  std::shared_ptr<const AttentionKind> attention;
  Hardware hardware;
  PrecisionPlan precision;
  ScheduleOptions options;
  std::vector<GivenOption> given_options;  ///< those that were asked for, for messages
  RackSpec rack;
};

/// What the user must know about the setup's hardware model, such as a format that no kernel was
/// measured with.
std::vector<std::string> warnings_of(const Setup& setup);

}  // namespace helixsim
