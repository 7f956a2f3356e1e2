#include "tests/sweep/study_case.hpp"

#include <algorithm>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/request.hpp"

namespace helixsim {

SearchSpace space_from(const std::string& text) {
  return read_search_space(parse_json(text, "space.json"));
}

Study study_of(const std::string& model, const std::string& space,
               std::vector<std::string> baseline, const std::string& fidelity,
               const std::vector<Override>& changes) {
  SetupRequest request;
  request.model = model;
  request.fidelity = fidelity;
  return {.request = request,
          .setup = make_setup(request, Catalog(HELIXSIM_SOURCE_DIR), changes),
          .space = space_from(space),
          .baseline = std::move(baseline)};
}

StudyResult run(const Study& study) {
  return {.study = &study, .search = run_search(study.space, study.setup, {})};
}

std::vector<Evaluated> every_point(const Study& study, double context) {
  std::vector<Evaluated> all;
  Evaluator evaluator(study.setup);
  const auto add = [&](const StrategyEntry* strategy, const Layout& layout) {
    const auto& gpus = study.space.gpus;
    if (std::find(gpus.begin(), gpus.end(), layout.gpus()) == gpus.end()) return;
    for (const int batch : study.space.batches) {
      for (const HopB& hop_b : study.space.hop_bs) {
        const Point point{strategy, layout, batch, context, hop_b};
        if (fault_of(study.setup, point)) continue;
        const PointResult result = evaluator.evaluate(point);
        if (result.feasible()) all.push_back({point, result});
      }
    }
  };
  for (const StrategySpace& s : study.space.strategies) {
    for (const int tpa : s.tpa)
      for (const int kvp : s.kvp)
        for (const int dp : s.dp)
          for (const int tpf : s.tpf)
            for (const int ep : s.ep)
              for (const int pp : s.pp) add(s.strategy, Layout{tpa, kvp, dp, tpf, ep, pp});
  }
  return all;
}

}  // namespace helixsim
