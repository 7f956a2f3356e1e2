#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "hw_models/kernels/registry.hpp"
#include "hw_models/kernels/roofline.hpp"
#include "tests/support/random.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

/// From bytes to terabytes, and the flops of anything from a copy to a large GEMM.
KernelWork random_work(Random& random) {
  const KernelKind kinds[] = {KernelKind::Gemm, KernelKind::GroupedGemm, KernelKind::Attention,
                              KernelKind::Elementwise};
  const MathRate rates[] = {MathRate::Bf16, MathRate::Fp8, MathRate::Fp4};
  return {.kind = kinds[random.between(0, 3)],
          .math = rates[random.between(0, 2)],
          .weight_bytes = Bytes(std::pow(10.0, 12 * random.unit())),
          .kv_bytes = Bytes(random.coin() ? std::pow(10.0, 12 * random.unit()) : 0.0),
          .flops = Flops(std::pow(10.0, 16 * random.unit()))};
}

}  // namespace

TEST_CASE("every kernel law is used by a fidelity, so that the rules below reach it",
          "[hw_models][kernels][conformance]") {
  const Node fidelities = gb200_document().object("fidelities");
  std::set<std::string> used;
  for (const std::string& name : fidelities.keys()) {
    used.insert(fidelities.object(name).object("kernels").text("law"));
  }
  for (const KernelLawEntry& row : kernel_laws()) {
    CAPTURE(row.name);
    CHECK(used.contains(std::string(row.name)));
  }
}

TEST_CASE("no kernel is faster than the data sheet's roofline",
          "[hw_models][kernels][conformance]") {
  const auto seed = GENERATE(range(0U, 200U));
  CAPTURE(seed);
  Random random(seed);
  const KernelWork work = random_work(random);
  for (const std::string& fidelity : gb200_fidelities()) {
    CAPTURE(fidelity);
    const Hardware hardware = gb200_hardware(fidelity);
    const Gpu& gpu = hardware.gpu();
    const double bound =
        std::max(work.flops / gpu.peak(work.math), work.hbm_bytes() / gpu.memory_bandwidth).value();
    CHECK(hardware.duration(work).value() >= bound * (1 - 1e-12));
    CHECK(std::isfinite(hardware.duration(work).value()));
  }
}

TEST_CASE("a kernel never gets faster with more bytes or flops, nor slower with a faster GPU",
          "[hw_models][kernels][conformance]") {
  const auto seed = GENERATE(range(0U, 100U));
  CAPTURE(seed);
  Random random(seed);
  const KernelWork work = random_work(random);
  const double factor = 1.0 + 3.0 * random.unit();
  for (const std::string& fidelity : gb200_fidelities()) {
    CAPTURE(fidelity);
    const Hardware hardware = gb200_hardware(fidelity);
    const Seconds time = hardware.duration(work);
    KernelWork more = work;
    more.kv_bytes *= factor;
    CHECK(hardware.duration(more) >= time);
    more = work;
    more.weight_bytes *= factor;
    CHECK(hardware.duration(more) >= time);
    more = work;
    more.flops *= factor;
    CHECK(hardware.duration(more) >= time);

    const std::string scaled = std::to_string(8.0 * factor) + " TB/s";
    CHECK(gb200_hardware(fidelity, {{"gpu.memory.bandwidth.value", scaled}}).duration(work) <=
          time);
    const std::string peak = std::to_string(10.0 * factor) + " PFLOP/s";
    CHECK(gb200_hardware(fidelity, {{"gpu.compute.fp4.value", peak}}).duration(work) <= time);
  }
}

TEST_CASE("ideal is the roofline and paper is the roofline with its efficiencies and fixed time",
          "[hw_models][kernels]") {
  const KernelWork gemm{.kind = KernelKind::Gemm,
                        .math = MathRate::Fp4,
                        .weight_bytes = Bytes(8e6),
                        .kv_bytes = {},
                        .flops = Flops(1e9)};
  const KernelWork attention{.kind = KernelKind::Attention,
                             .math = MathRate::Fp8,
                             .weight_bytes = {},
                             .kv_bytes = Bytes(8e6),
                             .flops = Flops(5e10)};
  // 8 MB / 8 TB/s = 1 us of memory, 1e9 / 1e16 = 0.1 us of compute; 5e10 / 5e15 = 10 us of compute.
  CHECK(gb200_hardware("ideal").duration(gemm).value() == Approx(1e-6));
  CHECK(gb200_hardware("ideal").duration(attention).value() == Approx(10e-6));
  CHECK(gb200_hardware("paper").duration(gemm).value() == Approx(2.5e-6 + 1e-6 / 0.85));
  CHECK(gb200_hardware("paper").duration(attention).value() == Approx(4e-6 + 10e-6 / 0.8));
  CHECK(gb200_hardware("paper").duration(KernelWork{}).value() == Approx(2.5e-6));
}

TEST_CASE("a kernel that is cut takes no less than the law promises, nor less when cut further",
          "[hw_models][kernels][conformance]") {
  const auto seed = GENERATE(range(0U, 200U));
  CAPTURE(seed);
  Random random(seed);
  const KernelWork work = random_work(random);
  // Random shares that sum to 1.
  std::vector<double> shares(static_cast<std::size_t>(random.between(1, 12)));
  double sum = 0.0;
  for (double& share : shares) sum += share = random.unit() + 1e-3;
  for (const std::string& fidelity : gb200_fidelities()) {
    CAPTURE(fidelity, shares.size());
    const Hardware hardware = gb200_hardware(fidelity);
    Seconds total;
    for (const double share : shares) {
      KernelWork part = work;
      part.kv_bytes *= share / sum;
      part.flops *= share / sum;
      total += hardware.duration(part);
    }
    const int launches = static_cast<int>(shares.size());
    for (int fewer = 1; fewer <= launches; ++fewer) {
      const double promised = hardware.least_when_cut(work, fewer).value();
      CHECK(promised <= total.value() * (1 + 1e-12));
      CHECK(promised <= hardware.least_when_cut(work, fewer + 1).value());
    }
  }
}
