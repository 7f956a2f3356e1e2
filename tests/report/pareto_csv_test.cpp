#include "sim/report/pareto_csv.hpp"

#include <catch2/catch.hpp>

#include "sim/decode/evaluator.hpp"
#include "sim/report/points.hpp"
#include "tests/report/report_case.hpp"

using namespace helixsim;

TEST_CASE(
    "pareto.csv lists each frontier by model, context and name, each point as a points file does",
    "[report][pareto_csv]") {
  std::string expected = "frontier," + points_csv_head();
  for (const StudyResult& result : small_run().results) {
    Evaluator evaluator(result.study->setup);
    for (std::size_t c = 0; c < 2; ++c) {
      std::vector<std::pair<std::string, Frontier>> frontiers;
      for (const std::string name : {"tp", "dp", "helix"})
        frontiers.emplace_back(name, strategy_frontier(result, c, name));
      if (result.study->request.model == "llama-3.1-405b")
        frontiers.emplace_back("baseline", baseline_frontier(result, c, {"tp", "dp"}));
      frontiers.emplace_back("overall", overall_frontier(result, c));
      for (const auto& [name, frontier] : frontiers) {
        for (const FrontierPoint& at : frontier) {
          expected += name + ",";
          add_point_csv(result.study->request.model, at.point, evaluator.evaluate(at.point),
                        expected);
        }
      }
    }
  }
  CHECK(pareto_csv(small_run().results) == expected);
}
