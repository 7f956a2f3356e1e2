#include <catch2/catch.hpp>
#include <cmath>

#include "hw_models/laws/attention_law.hpp"
#include "hw_models/laws/collective_law.hpp"
#include "hw_models/laws/gemm_law.hpp"
#include "hw_models/laws/grouped_gemm_law.hpp"
#include "hw_models/laws/law_math.hpp"
#include "hw_models/laws/stream_law.hpp"

using namespace helixsim;

namespace {

constexpr LawGpu kBlackwell{.multiprocessors = 148, .l2_bytes = 126e6};

GemmLaw gemm_law() {
  GemmLaw law;
  law.weight_bytes = 0.5625;
  law.peak = 10e15;
  law.gpu = kBlackwell;
  return law;
}

AttentionLaw attention_law() {
  AttentionLaw law;
  law.peak = 5e15;
  law.gpu = kBlackwell;
  return law;
}

GroupedGemmLaw grouped_law() {
  GroupedGemmLaw law;
  law.weight_bytes = 0.5625;
  law.peak = 10e15;
  law.gpu = kBlackwell;
  return law;
}

}  // namespace

TEST_CASE("a norm lies between the larger of two times and their sum", "[hw_models][laws]") {
  for (const double p : {1.0, 2.0, 6.0}) {
    CHECK(norm_of(3.0, 4.0, p) >= 4.0);
    CHECK(norm_of(3.0, 4.0, p) <= Approx(7.0));
    CHECK(norm_of(3.0, 4.0, p) == norm_of(4.0, 3.0, p));
  }
  CHECK(norm_of(3.0, 4.0, 2.0) == Approx(5.0));
  CHECK(norm_of(0.0, 4.0, 3.0) == 4.0);
  CHECK(norm_of(0.0, 0.0, 3.0) == 0.0);
}

TEST_CASE("data that L2 holds is read at its rate, larger data and cold data from HBM",
          "[hw_models][laws]") {
  const MemoryReach reach{.hbm = 8e12, .l2 = 20e12, .l2_bytes = 80e6};
  CHECK(reach.seconds(1e6, 1e6, false) == Approx(1e6 / 20e12).epsilon(1e-3));
  CHECK(reach.seconds(1e9, 1e9, false) == Approx(1e9 / 8e12).epsilon(1e-3));
  CHECK(reach.seconds(1e6, 1e6, true) == 1e6 / 8e12);
}

TEST_CASE("a GEMM takes no less than its weights from HBM or one CTA along K",
          "[hw_models][laws][property]") {
  const GemmLaw law = gemm_law();
  for (const double m : {1.0, 17.0, 64.0, 300.0}) {
    for (const double n : {256.0, 7168.0, 65536.0}) {
      for (const double k : {512.0, 7168.0, 16384.0}) {
        CAPTURE(m, n, k);
        const double time = law.seconds({m, n, k}, true);
        CHECK(time >= law.fixed + n * k * law.weight_bytes / law.bandwidth);
        CHECK(time >= law.fixed + k * law.per_k);  // no split-K
        CHECK(law.seconds({m, n, k}, false) <= time);
        CHECK(law.seconds({m, n, 2 * k}, true) >= time);
        CHECK(law.seconds({m, 2 * n, k}, true) >= time);
      }
    }
  }
  // Few columns: 1.7 ns a K element is all, whatever HBM could do.
  GemmLaw few = law;
  few.per_k = 1.7e-9;
  few.fixed = 6e-6;
  few.quantise = 1e-16;
  CHECK(few.seconds({1, 256, 16384}, true) == Approx(6e-6 + 16384 * 1.7e-9).epsilon(0.01));
}

TEST_CASE("split-K fills processors that tiles leave idle", "[hw_models][laws]") {
  GemmLaw split = gemm_law();
  split.max_splits = 8;
  split.split = 1e-9;
  const GemmShape narrow{1, 256, 16384};
  CHECK(split.seconds(narrow, true) < 0.5 * gemm_law().seconds(narrow, true));
  const GemmShape wide{1, 65536, 16384};  // 512 tiles on 148 processors: nothing to split for
  CHECK(split.seconds(wide, true) == gemm_law().seconds(wide, true));
}

TEST_CASE("attention takes no less than its KV cache from HBM, nor less for more of it",
          "[hw_models][laws][property]") {
  const AttentionLaw law = attention_law();
  for (const double batch : {1.0, 8.0, 64.0}) {
    for (const double heads : {1.0, 8.0}) {
      double before = 0.0;
      for (double tokens = 64; tokens <= 1e6; tokens *= 1.3) {
        CAPTURE(batch, heads, tokens);
        const AttentionShape shape{batch, tokens, heads, 16, 128};
        const double time = law.seconds(shape, true);
        CHECK(time >= law.fixed + batch * tokens * heads * 2 * 128 / law.bandwidth);
        CHECK(time >= before);
        CHECK(law.seconds(shape, false) <= time);
        before = time;
      }
    }
  }
}

TEST_CASE("one request of one KV head is bound by how deep its cache can be split",
          "[hw_models][laws]") {
  AttentionLaw law = attention_law();
  const AttentionShape lone{1, 131072, 1, 16, 128};
  const double shallow = law.seconds(lone, true);
  law.max_splits = 64;
  CHECK(law.seconds(lone, true) < shallow);
  CHECK(shallow - law.fixed > 2 * (131072.0 * 256 / law.bandwidth));
}

TEST_CASE("every parameter of a law lies within its bounds and moves some time",
          "[hw_models][laws][conformance]") {
  const auto check = [](const auto& law, const auto& shapes) {
    using Law = std::decay_t<decltype(law)>;
    for (const auto& parameter : Law::parameters()) {
      CAPTURE(parameter.name);
      CHECK(parameter.low > 0.0);
      CHECK(law.*parameter.value >= parameter.low);
      CHECK(law.*parameter.value <= parameter.high);
      Law other = law;
      other.*parameter.value *= 1.3;
      bool moves = false;
      for (const auto& shape : shapes) {
        moves |= other.seconds(shape, false) != law.seconds(shape, false);
      }
      CHECK(moves);
    }
  };
  GemmLaw gemm = gemm_law();
  gemm.max_splits = 8;
  check(gemm, std::vector<GemmShape>{{1, 256, 16384}, {64, 65536, 16384}, {32768, 8192, 8192}});
  check(attention_law(), std::vector<AttentionShape>{{1, 131072, 1, 16, 128},
                                                     {64, 8192, 8, 16, 128},
                                                     {256, 8192, 8, 64, 512},
                                                     {8, 2048, 8, 8, 128}});
  check(grouped_law(), std::vector<GroupedGemmShape>{{64, 512, 128, 256, 7168, 2048},
                                                     {1, 8, 8, 256, 7168, 64},
                                                     {4096, 32768, 256, 256, 7168, 2048}});
  StreamLaw stream;
  stream.gpu = kBlackwell;
  check(stream, std::vector<StreamShape>{{1, 7168}, {512, 7168}, {32768, 65536}});
  check(CollectiveLaw(), std::vector<CollectiveShape>{
                             {4, 1e4}, {4, 2e6}, {8, 1e8}, {8, 1e6, 1e8}, {8, 1e4, 1e4, 32}});
}

TEST_CASE("routed experts take no less than the weights of those that are active",
          "[hw_models][laws][property]") {
  const GroupedGemmLaw law = grouped_law();
  double before = 0.0;
  for (const double active : {1.0, 8.0, 64.0, 256.0}) {
    CAPTURE(active);
    const GroupedGemmShape shape{256, 8 * active, active, 256, 7168, 2048};
    const double time = law.seconds(shape, true);
    CHECK(time >= law.fixed + active * 3 * 7168 * 2048 * law.weight_bytes / law.bandwidth);
    CHECK(time > before);
    before = time;
  }
}

TEST_CASE("a collective takes the fastest of its lines and larger groups take longer",
          "[hw_models][laws]") {
  CollectiveLaw law;
  CHECK(law.seconds({2, 0}, false) == Approx(law.fixed1));
  CHECK(law.seconds({2, 1e9}, false) == Approx(law.fixed3 + 1e9 / law.bandwidth3));
  CHECK(law.seconds({4, 0}, false) == Approx(law.fixed1 + law.hop1));
  double before = 0.0;
  for (double bytes = 0; bytes < 1e9; bytes = bytes * 2 + 1) {
    const double time = law.seconds({8, bytes}, false);
    CHECK(time >= before);
    CHECK(law.seconds({16, bytes}, false) > time);
    before = time;
  }
  law.lines = 1;
  CHECK(law.seconds({2, 1e9}, false) == Approx(law.fixed1 + 1e9 / law.bandwidth1));
}

TEST_CASE("a kernel's region is what bounds it", "[hw_models][laws]") {
  const AttentionLaw law = attention_law();
  CHECK(law.terms({1, 64, 1, 16, 128}, false).region() == Region::Latency);
  CHECK(law.terms({64, 65536, 8, 8, 128}, false).region() == Region::Bandwidth);
  CHECK(law.terms({64, 2048, 1, 8, 128}, true).region() != Region::L2);
  GemmLaw gemm = gemm_law();
  CHECK(gemm.terms({1, 256, 65536}, false).region() == Region::Stream);
  gemm.per_k = 0.2e-9;
  CHECK(gemm.terms({8192, 8192, 8192}, false).region() == Region::Compute);
}
