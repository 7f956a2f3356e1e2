#include "sim/report/pareto_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/decode/evaluator.hpp"
#include "sim/engine/contract.hpp"
#include "sim/report/points.hpp"

namespace helixsim {

std::string pareto_csv(const std::vector<StudyResult>& results) {
  std::string out = "frontier," + points_csv_head();
  for (const StudyResult& result : results) {
    Evaluator evaluator(result.study->setup);
    for (std::size_t c = 0; c < result.search.contexts.size(); ++c) {
      for (const auto& [name, frontier] : drawn_frontiers(result, c)) {
        for (const FrontierPoint& at : frontier) {
          const PointResult point = evaluator.evaluate(at.point);
          ensure(point.ttl == at.ttl, "the event engine gives the time that the search found");
          out += name + ",";
          add_point_csv(result.study->setup.model.name, at.point, point, out);
        }
      }
    }
  }
  return out;
}

std::string frontiers_csv(const ReportData& data) {
  std::string out =
      "run,frontier,model,context_tokens,strategy,tpa,kvp,dp,tpf,ep,pp,gpus,batch,requests_in_"
      "flight,chunks,ttl_s,"
      "tokens_per_second_per_user,tokens_per_second_per_gpu,memory_gb,ttl_low_s,ttl_high_s,"
      "order\n";
  for (const ReportView& view : data.views) {
    for (const auto& [name, indices] : view.frontiers) {
      const FrontierErrors* errors = view.errors_of(name);
      for (std::size_t place = 0; place < indices.size(); ++place) {
        const ReportPoint& p = view.points[static_cast<std::size_t>(indices[place])];
        const ReportLayout& row = view.layouts[static_cast<std::size_t>(p.layout)];
        const Layout& w = row.layout;
        fmt::format_to(std::back_inserter(out),
                       "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{:.9g},{:.9g},{:.9g},{},",
                       csv_cell(view.run), csv_cell(name), csv_cell(view.model), view.context,
                       csv_cell(row.strategy), w.tpa, w.kvp, w.dp, w.tpf, w.ep, w.pp, w.gpus(),
                       p.batch, p.requests, std::max(p.chunks, 1), p.ttl_us * 1e-6,
                       view.interactivity(p), view.throughput(p), p.memory_gb);
        if (errors == nullptr) {
          out += ",,\n";
          continue;
        }
        const Interval ttl = interval_of(p.ttl_us * 1e-6, errors->log_sd[place]);
        fmt::format_to(std::back_inserter(out), "{:.6g},{:.6g},{}\n", ttl.low, ttl.high,
                       errors->is_unsure(place) ? "unsure" : "sure");
      }
    }
  }
  return out;
}

}  // namespace helixsim
