#include "tools/calibrate/kernels/mla_decode.hpp"

#include <catch2/catch.hpp>

#include "tests/kernels/mla_case.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

template <class Format, unsigned kHeads, unsigned kStages>
void check(const MlaShape& shape, const std::vector<emulator::Schedule>& runs) {
  check_mla<Format>(shape, runs,
                    [&](const MlaDecode<Format>& call, unsigned splits, unsigned batch,
                        const emulator::Schedule& schedule) {
                      emulator::launch({.grid = {splits, call.heads / kHeads, batch},
                                        .threads = kMlaThreads,
                                        .shared_bytes = sizeof(MlaShared<Format, kHeads, kStages>),
                                        .resident = 2},
                                       schedule,
                                       [&] { mla_decode<Format, kHeads, kStages>(call); });
                    });
}

const std::vector<emulator::Schedule> kLate{{emulator::Order::Starve, 1, true}};

}  // namespace

TEMPLATE_TEST_CASE("MLA decode agrees with FP64 attention under every schedule", "[kernels][mla]",
                   Bf16Latents, E4m3Latents) {
  check<TestType, 16, 4>({.heads = 16, .splits = 2, .lengths = {75}}, schedules());
}

TEMPLATE_TEST_CASE("MLA decode reuses its stages under every schedule", "[kernels][mla]",
                   Bf16Latents, E4m3Latents) {
  // Five tiles go through two stages: each comes round to its first parity again.
  check<TestType, 16, 2>({.heads = 16, .lengths = {132}}, schedules());
}

TEMPLATE_TEST_CASE("MLA decode shares the scores of 32 heads out under every schedule",
                   "[kernels][mla]", Bf16Latents, E4m3Latents) {
  check<TestType, 32, 4>({.heads = 32, .lengths = {40}}, schedules());
}

TEMPLATE_TEST_CASE("MLA decode shares the scores of 64 heads out under every schedule",
                   "[kernels][mla]", Bf16Latents, E4m3Latents) {
  check<TestType, 64, 3>({.heads = 64, .lengths = {33}}, schedules());
}

TEMPLATE_TEST_CASE("MLA decode takes more heads than a block has", "[kernels][mla]", Bf16Latents,
                   E4m3Latents) {
  check<TestType, 16, 4>({.heads = 32, .splits = 2, .lengths = {20, 40}}, kLate);
  check<TestType, 64, 3>({.heads = 128, .lengths = {17}}, kLate);
}

TEMPLATE_TEST_CASE("MLA decode takes ragged lengths, empty shards and pages", "[kernels][mla]",
                   Bf16Latents, E4m3Latents) {
  check<TestType, 16, 4>({.page_tokens = 16, .splits = 3, .lengths = {0, 1, 31, 65}}, kLate);
  check<TestType, 16, 4>({.page_tokens = 64, .splits = 7, .lengths = {129}}, kLate);
  check<TestType, 16, 4>({.splits = 2, .lengths = {32, 7, 64}}, kLate);
}

TEST_CASE("MLA decode stands scores that are hundreds apart", "[kernels][mla]") {
  // About 24 * 8 of standard deviation: the weights of whole tiles come to nothing, and the sum
  // follows whichever tile holds the largest score.
  check<Bf16Latents, 16, 4>({.splits = 2, .lengths = {150}, .scale_log2 = 8.0f}, kLate);
}

TEST_CASE("MLA decode counts each latent once, and both products of each head", "[kernels][mla]") {
  const MlaWork work = mla_work(2, 1000, 16, 3, 2);
  // 2000 latents of 1152 bytes; 32 rows of 1152 of queries and 3 * (512 + 1) * 4 of results.
  CHECK(work.bytes == 2000.0 * 1152 + 32 * (1152.0 + 6156));
  CHECK(work.flops == 2.0 * 32 * 1000 * (576 + 512));
  CHECK(mla_work(1, 1e6, 16, 1, 2).flops / mla_work(1, 1e6, 16, 1, 2).bytes ==
        Approx(30.2).epsilon(0.01));
  CHECK(mla_work(1, 1e6, 16, 1, 1).bytes == Approx(5.76e8).epsilon(1e-3));
}
