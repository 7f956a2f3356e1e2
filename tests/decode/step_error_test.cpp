#include "sim/decode/step_error.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/decode/evaluator.hpp"
#include "sim/decode/kernel_warnings.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

PointCase measured_case(std::uint32_t seed) {
  PointCase c(seed);
  c.fidelity = "measured";
  return c;
}

}  // namespace

TEST_CASE("the exposed operations of a step make its TTL", "[decode][error][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const PointCase c = measured_case(seed);
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(c.point);
  double sum = 0.0;
  for (const ExposedOperation& op : exposed_operations(evaluator.step(), setup.hardware))
    sum += op.seconds;
  CHECK(sum == Approx(result.ttl.seconds().value()).epsilon(1e-9));
}

TEST_CASE("the error of a TTL is no more than that of its worst kernel and the composition",
          "[decode][error][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const PointCase c = measured_case(seed);
  CAPTURE(seed, c.text());
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(c.point);
  if (!has_error(c.point.hop_b, setup.hardware)) return;  // figure 3
  REQUIRE(result.error);
  const double composition = setup.hardware.error_rules()->composition;
  double worst = 0.0;
  double shares = 0.0;
  for (const TtlErrorPart& part : result.error->parts) {
    if (part.family == "composition") continue;
    CHECK(part.share > 0.0);
    shares += part.share;
    worst = std::max(worst, part.log_sd / part.share);
  }
  CHECK(shares < 1.0 + 1e-9);
  CHECK(result.error->log_sd() >= composition);
  CHECK(result.error->log_sd() <= std::hypot(worst, composition) * (1.0 + 1e-9));
}

TEST_CASE("drawn errors give the interval of first order where they are small", "[decode][error]") {
  const PointCase c = measured_case(3);
  const Setup setup = c.setup();
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(c.point);
  const double sd = result.error->log_sd();
  const Interval factors = bootstrap_interval(evaluator.step(), setup.hardware, 1, 2000);
  CHECK(std::log(factors.high) == Approx(kNormal95 * sd).epsilon(0.2));
  CHECK(std::log(factors.low) == Approx(-kNormal95 * sd).epsilon(0.2));
  const Interval again = bootstrap_interval(evaluator.step(), setup.hardware, 1, 2000);
  CHECK(again.low == factors.low);
  CHECK(again.high == factors.high);
}

TEST_CASE("a step has no error against itself and that of both against one of other kernels",
          "[decode][error]") {
  const TtlError a{{{.family = "gemm", .share = 1.0, .log_sd = 0.3},
                    {.family = "composition", .share = 1.0, .log_sd = 0.1}}};
  const TtlError b{{{.family = "attention", .share = 1.0, .log_sd = 0.4},
                    {.family = "composition", .share = 1.0, .log_sd = 0.1}}};
  CHECK(log_sd_of_ratio(a, a) == 0.0);
  CHECK(log_sd_of_ratio(a, b) == Approx(0.5));
  CHECK(log_sd_of_ratio(b, a) == Approx(0.5));
  // A family without an error in one of the steps counts once.
  const TtlError exact{{{.family = "gemm", .share = 1.0, .log_sd = 0.0}}};
  const TtlError wide{{{.family = "gemm", .share = 1.0, .log_sd = 0.2}}};
  CHECK(log_sd_of_ratio(exact, wide) == Approx(0.2));
  CHECK(log_sd_of_ratio(wide, exact) == Approx(0.2));
  CHECK(sd_of_difference(wide, 3.0, wide, 1.0) == Approx(0.4));
}

TEST_CASE("attention that HOP-B cuts has the error of its pieces", "[decode][error]") {
  const Setup setup = make_setup(deepseek_r1(), "measured", {});
  Point point{.strategy = &strategy_named("helix"),
              .layout = {.tpa = 1, .kvp = 64, .tpf = 8, .ep = 8},
              .batch = 4,
              .context = 1e6,
              .hop_b = {HopBMode::Chunks, 4}};
  const auto families = [&] {
    Evaluator evaluator(setup);
    std::vector<std::string> names;
    const PointResult result = evaluator.evaluate(point);
    REQUIRE(result.error);
    for (const TtlErrorPart& part : result.error->parts)
      if (part.family.starts_with("mla/")) names.emplace_back(part.family);
    return names;
  };
  const std::vector<std::string> of_pieces = families();
  point.batch = 1;
  point.hop_b = {};
  CHECK(of_pieces == families());
  point.batch = 4;
  CHECK(of_pieces != families());  // the library runs another kernel on four requests
}

TEST_CASE("figure 3 has no interval: its exchange is a definition", "[decode][error]") {
  const Setup setup = make_setup(deepseek_r1(), "measured", {});
  Evaluator evaluator(setup);
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.tpa = 1, .kvp = 8, .tpf = 1, .ep = 8},
                    .batch = 16,
                    .context = 128e3,
                    .hop_b = {HopBMode::Figure3, 1}};
  CHECK_FALSE(evaluator.evaluate(point).error);
}

TEST_CASE("a fidelity that predicts nothing has no error and warns of no kernel",
          "[decode][error]") {
  for (const char* fidelity : {"ideal", "paper"}) {
    const Setup setup = make_setup(deepseek_r1(), fidelity, {});
    Evaluator evaluator(setup);
    const Point point{.strategy = &strategy_named("tp"),
                      .layout = {.tpa = 8, .tpf = 8},
                      .batch = 1,
                      .context = 1e6,
                      .hop_b = {}};
    CHECK_FALSE(evaluator.evaluate(point).error);
    CHECK_FALSE(evaluator.evaluate(point).ttl_interval());
    CHECK(kernel_warnings(evaluator.step(), setup.hardware).empty());
  }
}

TEST_CASE("operations beyond the measurements are told, by name and by how far",
          "[decode][error]") {
  const Setup setup = make_setup(deepseek_r1(), "measured", {});
  Evaluator evaluator(setup);
  Point point{.strategy = &strategy_named("tp"),
              .layout = {.tpa = 8, .tpf = 8},
              .batch = 1,
              .context = 1e6,
              .hop_b = {}};
  const auto told = [&](const std::string& text) {
    evaluator.evaluate(point);
    for (const std::string& warning : kernel_warnings(evaluator.step(), setup.hardware)) {
      if (warning.find(text) != std::string::npos) return true;
    }
    return false;
  };
  CHECK(told("attention: tokens 1,000,000 is outside of the 2 to 131,072"));
  CHECK(told("moe_all_reduce"));
  point.context = 100'000;
  CHECK_FALSE(told("attention: tokens"));
}
