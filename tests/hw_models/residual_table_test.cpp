#include "hw_models/laws/residual_table.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "hw_models/laws/fitted_law.hpp"
#include "hw_models/laws/gemm_law.hpp"

using namespace helixsim;

namespace {

ResidualTable table() {
  return {{{0, {0.0, 1.0, 3.0}}, {1, {5.0, 6.0}}}, {0.1, 0.2, 0.3, 0.4, -0.1, -0.2}};
}

double residual(const ResidualTable& of, double m, double n) {
  const double at[] = {m, n};
  return of.log_factor(at);
}

}  // namespace

TEST_CASE("a residual table gives its values at nodes and lines between them",
          "[hw_models][laws][residuals]") {
  const ResidualTable of = table();
  CHECK(residual(of, 0, 5) == Approx(0.1));
  CHECK(residual(of, 3, 6) == Approx(-0.2));
  CHECK(residual(of, 2, 5) == Approx(0.1));  // between 0.3 and -0.1
  CHECK(residual(of, 0.5, 5.5) == Approx((0.1 + 0.2 + 0.3 + 0.4) / 4));
}

TEST_CASE("beyond its grid a residual fades by half with each doubling",
          "[hw_models][laws][residuals]") {
  const ResidualTable of = table();
  CHECK(residual(of, 4, 5) == Approx(-0.05));
  CHECK(residual(of, 5, 5) == Approx(-0.025));
  CHECK(residual(of, -1, 4) == Approx(0.1 / 4));
  CHECK(residual(of, 40, 5) == Approx(0.0).margin(1e-9));
}

TEST_CASE("no table is a factor of one", "[hw_models][laws][residuals]") {
  CHECK(FittedLaw<GemmLaw>().log_factor({}) == 0.0);
  CHECK(ResidualTable({{0, {0.0, 1.0}}}, {}).values().size() == 2);
}

TEST_CASE("parts of an interpolation are those that its value is made of",
          "[hw_models][laws][residuals]") {
  const ResidualTable of = table();
  std::vector<ResidualPart> parts;
  const double at[] = {2.5, 5.25};
  of.parts_at(at, parts);
  double sum = 0.0;
  double weights = 0.0;
  for (const ResidualPart& part : parts) {
    sum += part.weight * of.values()[part.node];
    weights += part.weight;
  }
  CHECK(weights == Approx(1.0));
  CHECK(sum == Approx(of.log_factor(at)));
}

TEST_CASE("a table that does not fit its axes is refused", "[hw_models][laws][residuals]") {
  CHECK_THROWS_AS(ResidualTable({{0, {0.0, 1.0}}}, {1.0, 2.0, 3.0}), std::logic_error);
  CHECK_THROWS_AS(ResidualTable({{0, {}}}, {}), std::logic_error);
}
