#include "sim/report/points.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace helixsim {

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string cell(1, '"');
  for (const char c : text) cell.append(c == '"' ? 2 : 1, c);
  cell.push_back('"');
  return cell;
}

std::string points_csv_head() {
  std::string head =
      "model,context_tokens,strategy,tpa,kvp,dp,tpf,ep,pp,gpus,batch,requests_in_flight,hop_b,"
      "chunks,status,reason,"
      "ttl_s,tokens_per_second_per_user,tokens_per_second_per_gpu,memory_bytes";
  for (int c = 0; c < kTimeCategories; ++c) {
    head += fmt::format(",{}_s", name_of(static_cast<TimeCategory>(c)));
  }
  return head + ",communication_hidden_s,ttl_low_s,ttl_high_s\n";
}

void add_point_csv(std::string_view model, const Point& point, const PointResult& result,
                   std::string& out) {
  const Layout& w = point.layout;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "{},{},{},{},{},{},{},{},{},{},{},{},{},", csv_cell(model), point.context,
                 point.strategy->name, w.tpa, w.kvp, w.dp, w.tpf, w.ep, w.pp, w.gpus(), point.batch,
                 point.requests_in_flight(), to_text(point.hop_b));
  if (!result.feasible()) {
    fmt::format_to(to, ",infeasible,{},,,,{},,,,,,,,\n", name_of(result.shortage),
                   result.memory.total().value());
    return;
  }
  fmt::format_to(to, "{},ok,,{},{},{},{}", result.chunks, result.ttl.seconds().value(),
                 result.tokens_per_second_per_user(), tokens_per_second_per_gpu(point, result.ttl),
                 result.memory.total().value());
  for (const double seconds : result.seconds) fmt::format_to(to, ",{:.9g}", seconds);
  fmt::format_to(to, ",{:.9g}", result.hidden_seconds);
  if (const auto interval = result.ttl_interval()) {
    fmt::format_to(to, ",{:.9g},{:.9g}\n", interval->low, interval->high);
  } else {
    out += ",,\n";
  }
}

void add_point_jsonl(std::string_view model, const Point& point, const PointResult& result,
                     std::string& out) {
  const Layout& w = point.layout;
  auto to = std::back_inserter(out);
  const std::string name =
      nlohmann::json(model).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  fmt::format_to(
      to,
      R"({{"model":{},"context_tokens":{},"strategy":"{}","tpa":{},"kvp":{},"dp":{},"tpf":{},"ep":{},"pp":{},)"
      R"("gpus":{},"batch":{},"requests_in_flight":{},"hop_b":"{}",)",
      name, point.context, point.strategy->name, w.tpa, w.kvp, w.dp, w.tpf, w.ep, w.pp, w.gpus(),
      point.batch, point.requests_in_flight(), to_text(point.hop_b));
  if (!result.feasible()) {
    fmt::format_to(to,
                   R"("status":"infeasible","reason":"{}","memory_bytes":{}}})"
                   "\n",
                   name_of(result.shortage), result.memory.total().value());
    return;
  }
  fmt::format_to(
      to,
      R"("chunks":{},"status":"ok","reason":null,"ttl_s":{},"tokens_per_second_per_user":{},)"
      R"("tokens_per_second_per_gpu":{},"memory_bytes":{})",
      result.chunks, result.ttl.seconds().value(), result.tokens_per_second_per_user(),
      tokens_per_second_per_gpu(point, result.ttl), result.memory.total().value());
  for (std::size_t c = 0; c < result.seconds.size(); ++c) {
    fmt::format_to(to, R"(,"{}_s":{:.9g})", name_of(static_cast<TimeCategory>(c)),
                   result.seconds[c]);
  }
  fmt::format_to(to, R"(,"communication_hidden_s":{:.9g},)", result.hidden_seconds);
  if (const auto interval = result.ttl_interval()) {
    fmt::format_to(to, R"("ttl_low_s":{:.9g},"ttl_high_s":{:.9g}}})", interval->low,
                   interval->high);
  } else {
    out += R"("ttl_low_s":null,"ttl_high_s":null})";
  }
  out += '\n';
}

}  // namespace helixsim
