#include "hw_models/time_error.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr ErrorRules kRules{.composition = 0.1, .unmeasured = 0.3, .per_doubling = 0.14};
constexpr LawError kError{
    .median_percent = 2.0, .p90_percent = 10.0, .log_bias = 0.0, .log_sd = 0.04};

KernelWork mla_work(double tokens, Precision cache) {
  KernelWork work;
  work.kind = KernelKind::Attention;
  work.format = cache;
  work.shape =
      AttentionShape{.batch = 4, .kv_tokens = tokens, .kv_heads = 1, .group = 16, .head_size = 576};
  work.kv_bytes = Bytes(4 * tokens * 576 * bytes_per_element(cache));
  return work;
}

}  // namespace

TEST_CASE("drawn errors have the median and the 90th percentile that were seen",
          "[hw_models][error]") {
  const TimeError error = time_error(
      {.family = "gemm/x", .error = &kError, .beyond = {}, .assumed_format = false}, kRules);
  std::vector<double> distances;
  int above = 0;
  constexpr int kDraws = 20000;
  for (int number = 0; number < kDraws; ++number) {
    const double log_error =
        std::log(ErrorDraw(7, static_cast<std::uint64_t>(number)).factor(error));
    distances.push_back(std::abs(log_error));
    above += log_error > 0.0 ? 1 : 0;
  }
  std::sort(distances.begin(), distances.end());
  CHECK(distances[kDraws / 2] == Approx(std::log(1.02)).epsilon(0.05));
  CHECK(distances[kDraws * 9 / 10] == Approx(std::log(1.10)).epsilon(0.05));
  CHECK(above == Approx(kDraws / 2).epsilon(0.03));
}

TEST_CASE("kernels of one family err together, those of two do not", "[hw_models][error]") {
  const auto of = [&](const char* family) {
    return time_error({.family = family, .error = &kError, .beyond = {}, .assumed_format = false},
                      kRules);
  };
  double products = 0.0;
  for (std::uint64_t number = 0; number < 4000; ++number) {
    const ErrorDraw draw(1, number);
    CHECK(draw.factor(of("a")) == draw.factor(of("a")));
    products += std::log(draw.factor(of("a"))) * std::log(draw.factor(of("b")));
  }
  const double sd = of("a").log_sd();
  CHECK(std::abs(products / 4000) < 0.06 * sd * sd);
}

TEST_CASE("an error grows with each doubling beyond the measurements", "[hw_models][error]") {
  TimeError within = time_error({.family = "a", .error = &kError}, kRules);
  TimeError beyond =
      time_error({.family = "a", .error = &kError, .beyond = {.doublings = 3.0}}, kRules);
  CHECK(within.log_sd() == Approx(std::log(1.1) / kNormal95));
  CHECK(beyond.log_sd() == Approx(std::hypot(within.log_sd(), 0.42)));
  CHECK(beyond.at(1.0) == Approx(std::hypot(within.at(1.0), 0.42)));
  CHECK(beyond.at(-2.0) == -beyond.at(2.0));
}

TEST_CASE("a named all-reduce leaves other collectives to their laws", "[hw_models][measured]") {
  const Hardware named = gb200_hardware("measured", {}, "ring");
  const CollectiveRequest gather{.kind = CollectiveKind::AllGather,
                                 .start_up = StartUp::Exchange,
                                 .group = 4,
                                 .payload = Bytes(1e6),
                                 .port_bytes = Bytes(1e6)};
  CHECK(named.provenance(gather).family == "nccl/all_gather");
  CHECK(named.cost(gather).algorithm == gb200_hardware("measured").cost(gather).algorithm);
  const CollectiveRequest reduce{
      .kind = CollectiveKind::AllReduce, .group = 4, .payload = Bytes(1e6)};
  CHECK(named.cost(reduce).algorithm == "ring");
  CHECK(named.provenance(reduce).error == nullptr);
}

TEST_CASE("what has no law has the error that is assumed for it", "[hw_models][error]") {
  const TimeError none = time_error({}, kRules);
  CHECK(none.family == "no law");
  CHECK(none.log_sd() == Approx(0.3));
  CHECK(none.at(0.5) == Approx(0.15));
}

TEST_CASE("measured hardware knows where a time comes from", "[hw_models][error][measured]") {
  const Hardware hardware = gb200_hardware("measured");
  REQUIRE(hardware.error_rules());
  const Provenance within = hardware.provenance(mla_work(100'000, Precision::Fp8));
  CHECK(within.family == "mla/fp8/heads_16");
  CHECK(within.beyond.doublings == 0.0);
  CHECK_FALSE(within.assumed_format);
  const Provenance beyond = hardware.provenance(mla_work(4 * 131072, Precision::Fp8));
  CHECK(beyond.beyond.coordinate == "tokens");
  CHECK(beyond.beyond.high == Approx(131072));
  CHECK(beyond.beyond.doublings == Approx(2.0));
  CHECK(hardware.provenance(mla_work(1000, Precision::Fp4)).assumed_format);
  CHECK(hardware.provenance(KernelWork{}).error == nullptr);

  const CollectiveRequest all_reduce{
      .kind = CollectiveKind::AllReduce, .group = 16, .payload = Bytes(1e5)};
  CHECK(hardware.provenance(all_reduce).family == "all_reduce/trtllm_graph");
  CHECK(hardware.provenance(all_reduce).beyond.doublings == Approx(2.0));
  CHECK_FALSE(gb200_hardware("paper").error_rules());
  CHECK(gb200_hardware("paper").provenance(mla_work(1000, Precision::Fp8)).error == nullptr);
}

TEST_CASE("hardware with drawn errors is off by just those, kernels and collectives",
          "[hw_models][error][measured]") {
  const Hardware hardware = gb200_hardware("measured");
  const ErrorDraw draw(3, 5);
  const Hardware drawn = hardware.with_errors(draw);
  const KernelWork work = mla_work(50'000, Precision::Fp8);
  const double kernel = draw.factor(time_error(hardware.provenance(work), *hardware.error_rules()));
  CHECK(kernel != 1.0);
  CHECK(drawn.duration(work) / hardware.duration(work) == Approx(kernel));

  const auto check_collective = [&](const CollectiveRequest& request) {
    const double factor =
        draw.factor(time_error(hardware.provenance(request), *hardware.error_rules()));
    CHECK(drawn.cost(request).total() / hardware.cost(request).total() == Approx(factor));
    CHECK(drawn.cost(request).sent == hardware.cost(request).sent);
  };
  check_collective({.kind = CollectiveKind::AllReduce, .group = 4, .payload = Bytes(1e6)});
  check_collective({.kind = CollectiveKind::AllToAll,
                    .start_up = StartUp::KvpExchange,
                    .group = 8,
                    .payload = Bytes(1e5),
                    .port_bytes = Bytes(1e5)});
  CHECK(drawn.cost({.group = 1}).total() == Seconds());
}

TEST_CASE("error rules that make no sense are refused", "[hw_models][error]") {
  const auto with = [](const char* key, const char* value) {
    return [=] { (void)gb200_hardware("measured", {{key, value}}); };
  };
  CHECK_THROWS_WITH(with("fidelities.measured.errors.composition.value", "-1")(),
                    Catch::Contains("composition"));
  CHECK_THROWS_WITH(with("fidelities.measured.errors.compositon.value", "0.1")(),
                    Catch::Contains("composition"));
}
