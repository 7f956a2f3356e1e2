#include "hw_models/gpu.hpp"

#include "sim/units/literals.hpp"

namespace helixsim {
using namespace literals;

FlopsPerSecond Gpu::peak(MathRate rate) const {
  switch (rate) {
    case MathRate::Bf16:
      return bf16_peak;
    case MathRate::Fp8:
      return fp8_peak;
    case MathRate::Fp4:
      return fp4_peak;
  }
  return bf16_peak;
}

LawGpu law_gpu(const Gpu& gpu) {
  return {.multiprocessors = static_cast<double>(gpu.multiprocessors),
          .l2_bytes = gpu.l2_capacity.value()};
}

Node sourced(const Node& parent, std::string_view key) {
  const Node number = parent.object(key);
  number.allow_only({"value", "source"});
  (void)number.at("value");
  if (number.text("source").empty())
    number.at("source").fail("a number needs its source, such as \"datasheet: ...\"");
  return number;
}

Gpu read_gpu(const Node& node) {
  node.allow_only({"name", "memory", "compute"});
  const Node memory = node.object("memory");
  memory.allow_only({"capacity", "usable_fraction", "bandwidth", "l2"});
  const Node compute = node.object("compute");
  compute.allow_only({"bf16", "fp8", "fp4", "multiprocessors"});
  const Range<FlopsPerSecond> peaks{FlopsPerSecond(1e9), FlopsPerSecond(1e18)};
  return {.name = node.text("name"),
          .memory_capacity = sourced(memory, "capacity").bytes("value", {Bytes(1e9), Bytes(1e13)}),
          .usable_fraction = sourced(memory, "usable_fraction").number("value", {0.01, 1.0}),
          .memory_bandwidth = sourced(memory, "bandwidth").rate("value", {1_GBps, 1000.0_TBps}),
          .bf16_peak = sourced(compute, "bf16").flop_rate("value", peaks),
          .fp8_peak = sourced(compute, "fp8").flop_rate("value", peaks),
          .fp4_peak = sourced(compute, "fp4").flop_rate("value", peaks),
          .multiprocessors =
              static_cast<int>(sourced(compute, "multiprocessors").integer("value", {1, 10'000})),
          .l2_capacity = sourced(memory, "l2").bytes("value", {Bytes(1e5), Bytes(1e11)})};
}

}  // namespace helixsim
