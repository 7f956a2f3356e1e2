#include "sim/decode/rack_step.hpp"

#include <catch2/catch.hpp>

#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

constexpr unsigned kSeeds = 200;

}  // namespace

TEST_CASE("simulating every rank and layer gives the time of the folded step, to the picosecond",
          "[decode][rack][property]") {
  const auto seed = GENERATE(range(0U, kSeeds));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult folded = evaluator.evaluate(c.point);
  if (!folded.feasible()) return;
  CHECK(RackStep(evaluator, c.point, {}).result().ttl == folded.ttl);
}
