#include "hw_models/laws/transfer.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "hw_models/laws/law_file.hpp"
#include "sim/config/json_file.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

constexpr LawGpu kGpu{.multiprocessors = 148, .l2_bytes = 126e6};
constexpr ErrorRules kRules{.composition = 0.1, .unmeasured = 0.3, .per_doubling = 0.14};

DataSheet sheet() {
  return {.memory_bandwidth = BytesPerSecond(8e12),
          .bf16 = FlopsPerSecond(2.5e15),
          .fp8 = FlopsPerSecond(5e15),
          .fp4 = FlopsPerSecond(10e15),
          .link_bandwidth = BytesPerSecond(9e11)};
}

FittedLaws some_laws() {
  FittedLaws laws{.system = "some_gpu", .software = "a library", .laws = {}, .data_sheet = sheet()};
  auto& gemm = of_law<GemmLaw, FittedLaw>(laws.laws)["gemm/fp8"];
  gemm.family = "gemm/fp8";
  gemm.law.gpu = kGpu;
  gemm.law.peak = 5e15;
  gemm.fits.assign(GemmLaw::parameters().size(), {.log_error = 0.01, .pinned = false});
  gemm.fits[3].pinned = true;
  gemm.low.assign(GemmLaw::coordinates().size(), 0.0);
  gemm.high.assign(GemmLaw::coordinates().size(), 30.0);
  gemm.error = {.median_percent = 2.0, .p90_percent = 6.0, .log_bias = 0.0, .log_sd = 0.02};
  auto& collective = of_law<CollectiveLaw, FittedLaw>(laws.laws)["nccl/all_reduce"];
  collective.fits.assign(CollectiveLaw::parameters().size(), {});
  collective.low.assign(CollectiveLaw::coordinates().size(), 1.0);
  collective.high.assign(CollectiveLaw::coordinates().size(), 2.0);
  return laws;
}

const FittedLaw<GemmLaw>& gemm_of(const FittedLaws& laws) {
  return *laws.find<GemmLaw>("gemm/fp8");
}

double sd_of(const FittedLaws& laws, const GemmShape& shape) {
  return time_error(gemm_of(laws).provenance(shape), kRules).log_sd();
}

DataSheet with_memory(double bandwidth) {
  DataSheet other = sheet();
  other.memory_bandwidth = BytesPerSecond(bandwidth);
  return other;
}

}  // namespace

TEST_CASE("a law that was moved errs by its priors, as far as a time depends on each",
          "[hw_models][transfer]") {
  const FittedLaws moved = transferred(some_laws(), with_memory(4e12));
  const FittedLaw<GemmLaw>& gemm = gemm_of(moved);
  CHECK(gemm.transferred_from == "some_gpu");
  // Gigabytes of weights: nothing but bandwidth, which the data sheet scales.
  CHECK(gemm.transfer_log_sd({1, 262144, 65536}) == Approx(0.15).epsilon(0.05));
  // Next to no work: start-up, which is carried and unknown.
  CHECK(gemm.transfer_log_sd({1, 64, 64}) > 0.4);
  CHECK(gemm.transfer_log_sd({1, 64, 64}) < 0.5);
}

TEST_CASE("intervals of a moved law are wider than those of its source, for every shape",
          "[hw_models][transfer]") {
  const FittedLaws source = some_laws();
  const FittedLaws moved = transferred(source, with_memory(4e12));
  for (const double m : {1., 16., 256., 4096.}) {
    for (const double n : {64., 4096., 65536.}) {
      for (const double k : {64., 4096., 65536.}) {
        CAPTURE(m, n, k);
        const double own = sd_of(source, {m, n, k});
        const double prior = gemm_of(moved).transfer_log_sd({m, n, k});
        CHECK(prior > 0.04);
        CHECK(sd_of(moved, {m, n, k}) == Approx(std::hypot(own, prior)));
      }
    }
  }
}

TEST_CASE("laws of the same data sheet are not moved, and links say nothing of kernels",
          "[hw_models][transfer]") {
  CHECK(gemm_of(transferred(some_laws(), sheet())).transferred_from.empty());
  DataSheet links = sheet();
  links.link_bandwidth = BytesPerSecond(1.8e12);
  const FittedLaws faster = transferred(some_laws(), links);
  CHECK(gemm_of(faster).transferred_from.empty());
  CHECK(gemm_of(faster).transfer_log_sd({1, 64, 64}) == 0.0);
  CHECK(faster.find<CollectiveLaw>("nccl/all_reduce")->transferred_from == "some_gpu");
  const FittedLaws memory = transferred(some_laws(), with_memory(4e12));
  CHECK(memory.find<CollectiveLaw>("nccl/all_reduce")->transferred_from.empty());
}

TEST_CASE("laws read back are those of their own GPU, whatever digits its data sheet has",
          "[hw_models][transfer]") {
  FittedLaws laws = some_laws();
  laws.data_sheet.memory_bandwidth = BytesPerSecond(7.67231987e12);
  laws.data_sheet.link_bandwidth = BytesPerSecond(9.00000321e11);
  const FittedLaws read = read_laws(parse_json(to_json(laws), "laws.json"), kGpu);
  const FittedLaws used = transferred(read, laws.data_sheet);
  CHECK(gemm_of(used).transferred_from.empty());
  CHECK(used.find<CollectiveLaw>("nccl/all_reduce")->transferred_from.empty());
}

TEST_CASE("a law that is moved twice says where it comes from, and its error grows once",
          "[hw_models][transfer]") {
  FittedLaws once = transferred(some_laws(), with_memory(4e12));
  const std::vector<ParameterFit> fits = gemm_of(once).fits;
  once.system = "other_gpu";
  const FittedLaws twice = transferred(once, with_memory(3e12));
  CHECK(gemm_of(twice).transferred_from == "some_gpu");
  for (std::size_t p = 0; p < fits.size(); ++p) {
    CHECK(gemm_of(twice).fits[p].log_error == fits[p].log_error);
  }
}

TEST_CASE("what anchors told of one GPU is not known of the next", "[hw_models][transfer]") {
  FittedLaws anchored = transferred(some_laws(), with_memory(4e12));
  auto& gemm = of_law<GemmLaw, FittedLaw>(anchored.laws).at("gemm/fp8");
  const GemmShape weights{1, 262144, 65536};
  const double before = gemm.transfer_log_sd(weights);
  for (ParameterFit& fit : gemm.fits) fit.log_error = 0.02;
  CHECK(gemm.transfer_log_sd(weights) < 0.2 * before);
  const FittedLaws again = transferred(anchored, with_memory(3e12));
  CHECK(gemm_of(again).transfer_log_sd(weights) == Approx(before).epsilon(0.01));
}

TEST_CASE("a laws file says what was moved, from where, and keeps it", "[hw_models][transfer]") {
  const FittedLaws moved = transferred(some_laws(), with_memory(13e12));
  const std::string text = to_json(moved);
  CHECK(text.find(R"("transferred_from": "some_gpu")") != std::string::npos);
  CHECK(text.find(R"("source":"transferred")") != std::string::npos);
  CHECK(text.find(R"("source":"assumed")", text.find("gemm/fp8")) == std::string::npos);
  const FittedLaws read = read_laws(parse_json(text, "laws.json"), kGpu);
  CHECK(gemm_of(read).transferred_from == "some_gpu");
  CHECK(gemm_of(read).transfer_log_sd({8, 4096, 4096}) ==
        Approx(gemm_of(moved).transfer_log_sd({8, 4096, 4096})).epsilon(1e-4));
  CHECK(to_json(read) == text);
  CHECK(to_json(some_laws()).find("transferred") == std::string::npos);
}

TEST_CASE("hardware of another data sheet knows its kernels less well", "[hw_models][transfer]") {
  KernelWork work;
  work.kind = KernelKind::Attention;
  work.format = Precision::Fp8;
  work.shape =
      AttentionShape{.batch = 4, .kv_tokens = 1e5, .kv_heads = 1, .group = 16, .head_size = 576};
  const Hardware own = gb200_hardware("measured");
  const Hardware other = gb200_hardware("measured", {{"gpu.memory.bandwidth.value", "13 TB/s"}});
  const auto sd = [&](const Hardware& hardware) {
    return time_error(hardware.provenance(work), *hardware.error_rules()).log_sd();
  };
  CHECK(own.provenance(work).transfer_log_sd == 0.0);
  CHECK(sd(other) > sd(own) + 0.05);
}
