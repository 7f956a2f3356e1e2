#include "tools/calibrate/kernels/mla_decode_wgmma.hpp"

#include <catch2/catch.hpp>

#include "tests/kernels/mla_case.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

void launch_wgmma(const MlaDecode<Bf16Latents>& call, unsigned splits, unsigned batch,
                  const emulator::Schedule& schedule) {
  emulator::launch({.grid = {splits, call.heads / kMlaWgmmaHeads, batch},
                    .threads = kMlaWgmmaThreads,
                    .shared_bytes = sizeof(MlaWgmmaShared),
                    .resident = 2},
                   schedule, [&] { mla_decode_wgmma(call); });
}

void check(const MlaShape& shape, const std::vector<emulator::Schedule>& runs) {
  check_mla<Bf16Latents>(shape, runs, launch_wgmma);
}

const std::vector<emulator::Schedule> kLate{{emulator::Order::Starve, 1, true, true}};

/// Also with the second warpgroup, and the one that brings latents, ahead of the rest.
std::vector<emulator::Schedule> all_schedules() {
  std::vector<emulator::Schedule> all = schedules();
  all.push_back({emulator::Order::Starve, 4, false, true});
  all.push_back({emulator::Order::Starve, 6, true, false});
  all.push_back({emulator::Order::Starve, 8, false, true});
  return all;
}

}  // namespace

TEST_CASE("MLA by wgmma agrees with FP64 attention under every schedule", "[kernels][mla]") {
  // Five tiles, the last ragged: both stages come round to their first parity again.
  check({.heads = 64, .lengths = {4 * 64 + 19}}, all_schedules());
}

TEST_CASE("MLA by wgmma takes tiles of one warpgroup, of both, and of the first twice",
          "[kernels][mla]") {
  const int length = GENERATE(1, 64, 65, 128, 130);
  check({.heads = 64, .lengths = {length}}, all_schedules());
}

TEST_CASE("MLA by wgmma takes the heads of two blocks", "[kernels][mla]") {
  check({.heads = 128, .splits = 2, .lengths = {70}}, kLate);
}

TEST_CASE("MLA by wgmma takes ragged lengths, empty shards and pages", "[kernels][mla]") {
  check({.heads = 64, .page_tokens = 16, .splits = 3, .lengths = {0, 1, 63, 200}}, kLate);
  check({.heads = 64, .page_tokens = 64, .splits = 4, .lengths = {129}}, kLate);
  check({.heads = 64, .splits = 2, .lengths = {64, 7, 192}}, kLate);
}

TEST_CASE("MLA by wgmma stands scores that are hundreds apart", "[kernels][mla]") {
  check({.heads = 64, .lengths = {300}, .scale_log2 = 8.0f}, kLate);
}

TEST_CASE("MLA by wgmma gives a request's shards results that merge to the whole",
          "[kernels][mla]") {
  // Helix: ranks hold parts of the tokens, and LSEs merge their outputs.
  const MlaShape whole{.heads = 64, .lengths = {260}};
  MlaShape shards = whole;
  shards.splits = 3;
  const MlaResult one = MlaCase<Bf16Latents>(whole).run(kLate[0], launch_wgmma);
  const MlaResult merged = MlaCase<Bf16Latents>(shards).run(kLate[0], launch_wgmma);
  CHECK(relative_error({merged.out.begin(), merged.out.end()}, {one.out.begin(), one.out.end()}) <
        kMlaTolerance);
  CHECK(relative_error({merged.lse2.begin(), merged.lse2.end()},
                       {one.lse2.begin(), one.lse2.end()}) < 1e-6);
}
