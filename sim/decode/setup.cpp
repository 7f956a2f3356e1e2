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

std::vector<std::string> warnings_of(const Setup& setup) {
  const Precision kv = setup.precision.kv_cache;
  const bool events = setup.hardware.accounting() == Accounting::Event;
  if (events && entry(kv).rate == MathRate::Fp4) {
    return {"no measured attention kernel reads a 4-bit KV cache: its speed is assumed"};
  }
  return {};
}

}  // namespace helixsim
