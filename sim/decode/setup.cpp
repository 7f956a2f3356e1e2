#include "sim/decode/setup.hpp"

#include "sim/llm/attention/registry.hpp"

namespace helixsim {

Setup::Setup(ModelSpec model_spec, Hardware hardware_model, PrecisionPlan plan,
             ScheduleOptions schedule_options)
    : model(std::move(model_spec)),
      attention(make_attention(model.attention, model.hidden)),
      hardware(std::move(hardware_model)),
      precision(plan),
      options(schedule_options) {}

}  // namespace helixsim
