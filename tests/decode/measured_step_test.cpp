#include <catch2/catch.hpp>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/pass_evaluator.hpp"
#include "tests/decode/point_case.hpp"

using namespace helixsim;

TEST_CASE("searches give measured steps the times of the event engine, bit for bit",
          "[decode][measured][property]") {
  const auto seed = GENERATE(range(0U, 80U));
  PointCase c(seed);
  c.fidelity = "measured";
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Evaluator events(setup);
  PassEvaluator pass(setup);
  const PointResult expected = events.evaluate(c.point);
  check_same(pass.evaluate(c.point), expected);
  check_same(pass.evaluate(c.point), expected);  // with what it remembers
}

TEST_CASE("the best HOP-B of a measured step is the best of all chunk counts",
          "[decode][measured][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  PointCase c(seed);
  c.fidelity = "measured";
  CAPTURE(seed, c.text());
  check_best_hop_b(c.setup(), c.point);
}
