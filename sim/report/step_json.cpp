#include "sim/report/step_json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/decode/memory.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

using Json = nlohmann::ordered_json;

double seconds(SimTime time) {
  return time.seconds().value();
}

Json operation_json(const OperationReport& op) {
  return {{"name", op.name},
          {"kind", op.kind},
          {"weight_bytes", op.weight_bytes.value()},
          {"kv_bytes", op.kv_bytes.value()},
          {"flops", op.flops.value()},
          {"group", op.group},
          {"payload_bytes", op.payload_bytes.value()},
          {"sent_bytes", op.sent_bytes.value()},
          {"algorithm", op.algorithm},
          {"active_experts", op.active_experts},
          {"duration_s", seconds(op.duration)},
          {"start_s", seconds(op.start)},
          {"finish_s", seconds(op.finish)},
          {"exposed_s", seconds(op.exposed)}};
}

Json operations_json(const std::vector<OperationReport>& operations) {
  Json list = Json::array();
  for (const OperationReport& op : operations) list.push_back(operation_json(op));
  return list;
}

Json precision_json(const PrecisionPlan& plan) {
  Json weights;
  for (const WeightClassEntry& row : weight_classes())
    weights[std::string(row.name)] = entry(plan.weight(row.weight_class)).name;
  return {{"weights", weights},
          {"kv", entry(plan.kv_cache).name},
          {"attention_math", entry(plan.attention_math).name},
          {"activations", entry(plan.activations).name}};
}

/// How ranks were simulated and what made them differ.
Json ranks_json(const Setup& setup, const StepReport& report) {
  const RackSpec& rack = setup.rack;
  Json ranks{{"simulated", report.rack ? report.point.layout.gpus() : 1},
             {"network", name_of(rack.network)}};
  if (!report.rack) return ranks;
  ranks["layers_simulated"] = report.rack->layers_run;
  ranks["tasks"] = report.rack->tasks;
  ranks["slowest_rank"] = report.rack->slowest_rank;
  ranks["differ"] = report.ranks_differ;
  ranks["slowdowns"] = slowdowns(rack, report.point.layout.gpus());
  ranks["jitter"] = rack.jitter;
  ranks["seed"] = rack.seed;
  ranks["experts"] = rack.sample_experts ? "sampled" : "expected";
  ranks["contexts"] = report.point.contexts;
  ranks["kv_append_block"] = rack.kv_append_block ? Json(*rack.kv_append_block) : Json();
  ranks["share_hbm"] = rack.share_hbm;
  ranks["failed_links"] = Json::array();
  for (const FailedPort& failed : rack.failed_ports) {
    ranks["failed_links"].push_back(
        {{"gpu", failed.gpu}, {"port", name_of(failed.port)}, {"rate", failed.rate}});
  }
  return ranks;
}

/// Null where the fidelity is a definition or a calibration, which has no error of its own.
Json interval_json(const StepReport& report) {
  if (!report.ttl_interval) return {};
  Json parts = Json::array();
  for (const TtlErrorPart& part : report.result.error->parts) {
    parts.push_back({{"family", part.family}, {"share", part.share}, {"log_sd", part.log_sd}});
  }
  return {{"confidence", 0.9},
          {"low_s", report.ttl_interval->low},
          {"high_s", report.ttl_interval->high},
          {"method", "bootstrap"},
          {"draws", kErrorDraws},
          {"log_sd", report.result.error->log_sd()},
          {"parts", parts}};
}

}  // namespace

std::string step_json(const Setup& setup, const StepReport& report) {
  const Point& point = report.point;
  const PointResult& result = report.result;
  const Layout& layout = point.layout;
  const bool ok = result.feasible();
  Json categories;
  for (int c = 0; c < kTimeCategories; ++c) {
    const auto category = static_cast<TimeCategory>(c);
    categories[std::string(name_of(category))] = result.seconds[static_cast<std::size_t>(c)];
    if (category == TimeCategory::Communication)
      categories["communication_hidden"] = result.hidden_seconds;
  }
  Json options{{"overlap_all_reduce", setup.options.overlap_all_reduce},
               {"all_reduce", setup.hardware.all_reduce()}};
  for (const NamedOption& one : options_of(setup.options, setup.model, *point.strategy, layout)) {
    std::visit([&](const auto& value) { options[std::string(one.name)] = value; }, one.value);
  }
  Json critical_path = Json::array();
  for (const CriticalOperation& op : report.critical_path) {
    critical_path.push_back({{"name", op.name}, {"seconds", op.seconds}, {"share", op.share}});
  }
  Json layers = Json::array();
  for (const LayerReport& layer : report.layers) {
    layers.push_back({{"kind", layer.kind},
                      {"count", layer.count},
                      {"duration_s", seconds(layer.duration)},
                      {"operations", operations_json(layer.operations)}});
  }
  Json document{
      {"model", setup.model.name},
      {"system", setup.hardware.system_name()},
      {"fidelity", setup.hardware.fidelity()},
      {"layout",
       {{"strategy", point.strategy->name},
        {"tpa", layout.tpa},
        {"kvp", layout.kvp},
        {"dp", layout.dp},
        {"tpf", layout.tpf},
        {"ep", layout.ep},
        {"pp", layout.pp},
        {"gpus", layout.gpus()}}},
      {"batch", point.batch},
      {"context_tokens", point.context},
      {"hop_b", {{"mode", to_text(point.hop_b)}, {"chunks", result.chunks}}},
      {"precision", precision_json(setup.precision)},
      {"options", options},
      {"ranks", ranks_json(setup, report)},
      {"requests_in_flight", point.requests_in_flight()},
      {"status", ok ? "ok" : "infeasible"},
      {"reason", ok ? Json() : Json(explain_infeasible(result.memory))},
      {"ttl_s", ok ? Json(seconds(result.ttl)) : Json()},
      {"ttl_interval", interval_json(report)},
      {"tokens_per_second_per_user", ok ? Json(result.tokens_per_second_per_user()) : Json()},
      {"tokens_per_second_per_gpu",
       ok ? Json(tokens_per_second_per_gpu(point, result.ttl)) : Json()},
      {"warnings", report.warnings},
      {"memory_per_gpu",
       {{"weights_bytes", result.memory.weights.value()},
        {"kv_bytes", result.memory.kv.value()},
        {"reserve_bytes", result.memory.reserve.value()},
        {"total_bytes", result.memory.total().value()},
        {"usable_bytes", result.memory.usable.value()}}},
      {"time_by_category_s", categories},
      {"critical_path", critical_path},
      {"layers", layers},
      {"ends", operations_json(report.ends)}};
  if (!report.sensitivity.empty()) {
    document["sensitivity"] = Json::array();
    for (const SensitivityRow& row : report.sensitivity) {
      document["sensitivity"].push_back(
          {{"resource", row.resource}, {"ttl_s", seconds(row.ttl)}, {"gain", row.gain}});
    }
  }
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string step_csv(const StepReport& report) {
  std::string out =
      "block,count,name,kind,weight_bytes,kv_bytes,flops,group,payload_bytes,sent_bytes,active_"
      "experts,duration_s,"
      "start_s,finish_s,exposed_s\n";
  const auto add = [&](std::string_view block, int count, const OperationReport& op) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", block, count, op.name,
                       op.kind, format_exact(op.weight_bytes.value()),
                       format_exact(op.kv_bytes.value()), format_exact(op.flops.value()), op.group,
                       format_exact(op.payload_bytes.value()), format_exact(op.sent_bytes.value()),
                       format_exact(op.active_experts), format_exact(seconds(op.duration)),
                       format_exact(seconds(op.start)), format_exact(seconds(op.finish)),
                       format_exact(seconds(op.exposed)));
  };
  for (const LayerReport& layer : report.layers) {
    for (const OperationReport& op : layer.operations) add(layer.kind, layer.count, op);
  }
  for (const OperationReport& op : report.ends) add("ends", 1, op);
  return out;
}

}  // namespace helixsim
