#include "sim/report/pareto_csv.hpp"

#include "sim/decode/evaluator.hpp"
#include "sim/report/points.hpp"

namespace helixsim {

std::string pareto_csv(const std::vector<StudyResult>& results) {
  std::string out = "frontier," + points_csv_head();
  for (const StudyResult& result : results) {
    Evaluator evaluator(result.study->setup);
    const auto add = [&](std::string_view name, const Frontier& frontier) {
      for (const FrontierPoint& at : frontier) {
        out += std::string(name) + ",";
        add_point_csv(result.study->request.model, at.point, evaluator.evaluate(at.point), out);
      }
    };
    for (std::size_t c = 0; c < result.search.contexts.size(); ++c) {
      for (const StrategySpace& space : result.study->space.strategies) {
        add(space.strategy->name, strategy_frontier(result, c, space.strategy->name));
      }
      if (!result.study->baseline.empty())
        add("baseline", baseline_frontier(result, c, result.study->baseline));
      add("overall", overall_frontier(result, c));
    }
  }
  return out;
}

}  // namespace helixsim
