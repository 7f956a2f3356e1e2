#include "sim/report/step_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

std::string microseconds(double seconds) {
  return fmt::format("{:.2f}", seconds * 1e6);
}

std::string amount(double value, std::string (*format)(Bytes)) {
  return value == 0.0 ? "" : format(Bytes(value));
}

std::string short_flops(double flops) {
  if (flops == 0.0) return "";
  if (flops >= 1e12) return fmt::format("{:.3g} T", flops / 1e12);
  if (flops >= 1e9) return fmt::format("{:.3g} G", flops / 1e9);
  return fmt::format("{:.3g} M", flops / 1e6);
}

std::string operations_table(const std::vector<OperationReport>& operations) {
  using Align = TextTable::Align;
  TextTable table({{"operation", Align::Left},
                   {"start us"},
                   {"time us"},
                   {"exposed us"},
                   {"HBM read"},
                   {"flops"},
                   {"sent"}});
  for (const OperationReport& op : operations) {
    table.add({std::string(op.name), microseconds(op.start.seconds().value()),
               microseconds(op.duration.seconds().value()),
               microseconds(op.exposed.seconds().value()),
               amount(op.weight_bytes.value() + op.kv_bytes.value(), format_bytes),
               short_flops(op.flops.value()), amount(op.sent_bytes.value(), format_bytes)});
  }
  return table.text();
}

std::string categories_table(const PointResult& result) {
  using Align = TextTable::Align;
  TextTable table({{"where the time goes", Align::Left}, {"us"}, {"of TTL"}});
  const double ttl = result.ttl.seconds().value();
  const auto add = [&](std::string_view name, double seconds) {
    table.add(
        {std::string(name), microseconds(seconds), fmt::format("{:.1f} %", 100.0 * seconds / ttl)});
  };
  for (int c = 0; c < kTimeCategories; ++c)
    add(name_of(static_cast<TimeCategory>(c)), result.seconds[static_cast<std::size_t>(c)]);
  add("(communication hidden)", result.hidden_seconds);
  return table.text();
}

/// Where the interval of the TTL comes from: the kernels whose errors matter most.
std::string error_table(const StepReport& report) {
  using Align = TextTable::Align;
  std::string out =
      fmt::format("the TTL is within {} to {} with 90 % probability, by the errors of\n",
                  format_time(Seconds(report.ttl_interval->low)),
                  format_time(Seconds(report.ttl_interval->high)));
  std::vector<TtlErrorPart> parts = report.result.error->parts;
  std::stable_sort(parts.begin(), parts.end(), [](const TtlErrorPart& a, const TtlErrorPart& b) {
    return a.log_sd > b.log_sd;
  });
  TextTable table({{"kernels", Align::Left}, {"of TTL"}, {"TTL +-"}});
  for (const TtlErrorPart& part : parts) {
    const double percent = 100.0 * std::expm1(kNormal95 * part.log_sd);
    if (percent < 0.05) continue;
    table.add({std::string(part.family), fmt::format("{:.1f} %", 100.0 * part.share),
               fmt::format("{:.1f} %", percent)});
  }
  return out + table.text();
}

/// Which operations make the TTL; those below a thousandth of it together.
std::string critical_path_table(const StepReport& report) {
  using Align = TextTable::Align;
  TextTable table({{"on the critical path", Align::Left}, {"us"}, {"of TTL"}});
  double rest = 0.0;
  const double ttl = report.result.ttl.seconds().value();
  const auto add = [&](std::string_view name, double seconds) {
    table.add(
        {std::string(name), microseconds(seconds), fmt::format("{:.1f} %", 100.0 * seconds / ttl)});
  };
  for (const CriticalOperation& op : report.critical_path) {
    if (op.share < 1e-3) {
      rest += op.seconds;
    } else {
      add(op.name, op.seconds);
    }
  }
  if (rest > 0.0) add("others", rest);
  return table.text();
}

std::string sensitivity_table(const StepReport& report) {
  using Align = TextTable::Align;
  TextTable table({{"with", Align::Left}, {"TTL us"}, {"shorter by"}});
  for (const SensitivityRow& row : report.sensitivity) {
    table.add({row.resource, microseconds(row.ttl.seconds().value()),
               fmt::format("{:.2f} %", 100.0 * row.gain)});
  }
  return table.text();
}

std::string ranks_line(const Setup& setup, const StepReport& report) {
  const RackResult& rack = *report.rack;
  return fmt::format(
      "{} ranks simulated, {} of {} layers, {} tasks, network {}{}\n\n", report.point.layout.gpus(),
      rack.layers_run, setup.model.layers(), rack.tasks, name_of(setup.rack.network),
      report.ranks_differ
          ? fmt::format("\nrank {} computes longest; times by category and operation are its own",
                        rack.slowest_rank)
          : "");
}

}  // namespace

std::string step_table(const Setup& setup, const StepReport& report) {
  const Point& point = report.point;
  const PointResult& result = report.result;
  std::string out = fmt::format(
      "{} at {} tokens, batch {}, fidelity {}\n{} on {} GPU{}: {}\n", setup.model.title,
      format_tokens(point.context), point.batch, setup.hardware.fidelity(), point.strategy->name,
      point.layout.gpus(), point.layout.gpus() == 1 ? "" : "s", to_text(point.layout));
  const MemoryUse& memory = result.memory;
  if (!result.feasible()) {
    return out + fmt::format("infeasible: {} of {} on the fullest GPU (weights {}, KV cache {})\n",
                             format_bytes(memory.total()), format_bytes(memory.usable),
                             format_bytes(memory.weights), format_bytes(memory.kv));
  }
  out +=
      fmt::format("TTL {}   {:.4g} tokens/s/user   {:.4g} tokens/s/GPU   {} request{} in flight\n",
                  format_time(result.ttl.seconds()), result.tokens_per_second_per_user(),
                  tokens_per_second_per_gpu(point, result.ttl), point.requests_in_flight(),
                  point.requests_in_flight() == 1 ? "" : "s");
  out += fmt::format(
      "memory {} of {} (weights {}, KV cache {})   HOP-B {}\n\n", format_bytes(memory.total()),
      format_bytes(memory.usable), format_bytes(memory.weights), format_bytes(memory.kv),
      result.chunks == 1 ? std::string("off") : fmt::format("{} chunks", result.chunks));
  if (report.rack) out += ranks_line(setup, report);
  if (report.ttl_interval) out += error_table(report) + "\n";
  out += categories_table(result);
  out += '\n';
  out += critical_path_table(report);
  if (!report.sensitivity.empty()) {
    out += '\n';
    out += sensitivity_table(report);
  }
  for (const LayerReport& layer : report.layers) {
    out += fmt::format("\n{} layer, {} of them, {} each\n", layer.kind, layer.count,
                       format_time(layer.duration.seconds()));
    out += operations_table(layer.operations);
  }
  if (!report.ends.empty())
    out += "\nbefore the first layer, after the last, between stages\n" +
           operations_table(report.ends);
  return out;
}

}  // namespace helixsim
