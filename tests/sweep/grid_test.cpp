#include "sim/sweep/grid.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <tuple>

#include "sim/config/config_error.hpp"
#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

std::string space(const std::string& gpus, const std::string& strategies) {
  return R"({"format": "helixsim/search_space/1", "contexts": [1000], "batch": [1], "gpus": )" +
         gpus + R"(, "strategies": )" + strategies + "}";
}

Grid grid_of(const std::string& model, const std::string& text) {
  const Study study = study_of(model, text);
  return make_grid(study.space, study.setup);
}

}  // namespace

TEST_CASE("the grid of Llama on 1, 2, 4, .. 64 GPUs has as many layouts as a count by hand",
          "[sweep][grid]") {
  // Widths are powers of two with exponents t (tpa), k (kvp), d (dp), p (pp); t + k + d + p <= 6.
  // Llama has 128 query heads, 8 KV heads, 126 layers and no experts, so ep is 1 and tpf follows.
  // Rejected are the tpf x ep splits of the FFN's GPUs with ep > 1, and what the strategy refuses.
  const auto [strategy, valid, rejected] = GENERATE(table<std::string, int, int>({
      // tp: t + p <= 6: 7 * 8 / 2. Each t has t splits with ep > 1: sum of t (7 - t).
      {"tp", 28, 56},
      // medha: t + k + p <= 6: (9 choose 3). Sum over t of t * (7 - t) (8 - t) / 2.
      {"medha", 84, 126},
      // dp: the same with d >= 1: (8 choose 3). All combinations, n = t + d: sum of (n + 1)^2 (7 -
      // n),
      // which is 336; less 56.
      {"dp", 56, 280},
      // helix: t <= 3 for 8 KV heads: 28 + 21 + 15 + 10. The same 336 combinations, less 74.
      {"helix", 74, 262},
  }));
  CAPTURE(strategy);
  const Grid grid =
      grid_of("llama-3.1-405b", space(R"([1, 2, 4, "..", 64])", "{\"" + strategy + "\": {}}"));
  CHECK(grid.layouts.size() == static_cast<std::size_t>(valid));
  CHECK(grid.rejected_layouts == rejected);
}

TEST_CASE("a grid holds valid layouts only, each once, by strategy, GPUs and widths",
          "[sweep][grid]") {
  const std::string model = GENERATE(as<std::string>(), "llama-3.1-405b", "deepseek-r1");
  const Study study = study_of(
      model, space("[6, 8, 24, 64]",
                   R"({"helix": {}, "tp": {"tpa": [1, 2, 3, 6, 8]}, "dp": {}, "medha": {}})"));
  const Grid grid = make_grid(study.space, study.setup);
  REQUIRE(grid.layouts.size() > 50);
  const auto place = [](const GridLayout& row) {
    return std::tuple(row.strategy - strategies().data(), row.layout.gpus(), row.layout);
  };
  for (std::size_t i = 0; i < grid.layouts.size(); ++i) {
    const GridLayout& row = grid.layouts[i];
    CAPTURE(row.strategy->name, to_text(row.layout));
    CHECK_FALSE(layout_fault(study.setup, *row.strategy, row.layout).has_value());
    const auto& gpus = study.space.gpus;
    CHECK(std::find(gpus.begin(), gpus.end(), row.layout.gpus()) != gpus.end());
    if (i > 0) CHECK(place(grid.layouts[i - 1]) < place(row));
  }
}

TEST_CASE("a search space without a valid layout is wrong input with the first reason",
          "[sweep][grid]") {
  CHECK_THROWS_WITH(
      grid_of("llama-3.1-405b",
              space("[64]", R"({"helix": {"tpa": [64], "kvp": [1], "ep": [1]}})")),
      "the search space is empty: no combination of its widths makes a valid layout for "
      "llama-3.1-405b (tpa: 64 is outside [1, 8]; the model has 8 KV heads)");
  CHECK_THROWS_WITH(grid_of("llama-3.1-405b", space("[7]", R"({"tp": {}})")),
                    "the search space is empty: no combination of its widths makes a valid layout "
                    "for llama-3.1-405b with one of its GPU counts");
}
