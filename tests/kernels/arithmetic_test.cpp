#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/kernels/attention_case.hpp"
#include "tools/calibrate/kernels/arithmetic/kv_ownership.hpp"
#include "tools/calibrate/kernels/arithmetic/paging.hpp"
#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/arithmetic/split_range.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

TEST_CASE("any sharding of the KV positions, merged by LSE, is the unsharded attention",
          "[kernels][property]") {
  const int seed = GENERATE(range(0, 200));
  CAPTURE(seed);
  Random random(static_cast<std::uint32_t>(seed));
  const int tokens = random.between(0, 60);
  AttentionInput whole{.q = {}, .keys = {}, .values = {}, .scale_log2 = 2.0};
  for (int i = 0; i < 8; ++i) whole.q.push_back(normal(random));
  for (int token = 0; token < tokens; ++token) {
    auto& key = whole.keys.emplace_back();
    auto& value = whole.values.emplace_back();
    for (int i = 0; i < 8; ++i) key.push_back(normal(random));
    for (int i = 0; i < 4; ++i) value.push_back(normal(random));
  }
  const int shards = random.between(1, 9);  // any of them may stay empty
  std::vector<AttentionInput> parts(static_cast<std::size_t>(shards));
  for (AttentionInput& part : parts) {
    part.q = whole.q;
    part.scale_log2 = whole.scale_log2;
  }
  for (int token = 0; token < tokens; ++token) {
    AttentionInput& part = parts[static_cast<std::size_t>(random.between(0, shards - 1))];
    part.keys.push_back(whole.keys[static_cast<std::size_t>(token)]);
    part.values.push_back(whole.values[static_cast<std::size_t>(token)]);
  }
  MergedLse<double> merged;
  for (const AttentionInput& part : parts) merged.add(attention_reference(part).lse2);
  std::vector<double> out(4, 0.0);
  for (const AttentionInput& part : parts) {
    const AttentionRow row = attention_reference(part);
    for (std::size_t i = 0; i < row.out.size(); ++i) out[i] += merged.weight(row.lse2) * row.out[i];
  }
  const AttentionRow expected = attention_reference(whole);
  if (tokens == 0) {
    CHECK(merged.lse2() == -std::numeric_limits<double>::infinity());
    CHECK(out == std::vector<double>(4, 0.0));
  } else {
    CHECK(merged.lse2() == Approx(expected.lse2).epsilon(1e-13));
    CHECK(relative_error(out, expected.out) < 1e-13);
  }
}

TEST_CASE("a softmax of nothing weighs nothing and is never NaN", "[kernels]") {
  MergedLse<float> merged;
  CHECK(merged.weight(-INFINITY) == 0.0f);
  merged.add(-INFINITY);
  CHECK(merged.lse2() == -INFINITY);
  merged.add(3.0f);
  merged.add(-INFINITY);
  CHECK(merged.lse2() == 3.0f);
  CHECK(merged.weight(3.0f) == 1.0f);
  CHECK(merged.weight(-INFINITY) == 0.0f);
  CHECK(rescale_of(Softmax<float>{}, -INFINITY) == 0.0f);
}

TEST_CASE("each token has one owner and one place there", "[kernels][property]") {
  const KvOwnership ownership{GENERATE(1, 2, 3, 8, 64), GENERATE(1, 16, 32)};
  CAPTURE(ownership.ranks, ownership.block);
  std::vector<std::int64_t> kept(static_cast<std::size_t>(ownership.ranks), 0);
  for (std::int64_t token = 0; token < 5000; ++token) {
    for (std::int64_t rank = 0; rank < ownership.ranks; ++rank)
      REQUIRE(ownership.kept_by(rank, token) == kept[static_cast<std::size_t>(rank)]);
    const std::int64_t owner = ownership.owner_of(token);
    REQUIRE(ownership.place_of(token) == kept[static_cast<std::size_t>(owner)]);
    REQUIRE(ownership.token_at(owner, ownership.place_of(token)) == token);
    ++kept[static_cast<std::size_t>(owner)];
  }
  CHECK(*std::max_element(kept.begin(), kept.end()) - *std::min_element(kept.begin(), kept.end()) <=
        ownership.block);
}

TEST_CASE("splits are whole tiles that follow each other and differ by one at most",
          "[kernels][property]") {
  const int tile = GENERATE(1, 16, 64);
  for (int tokens = 0; tokens < 700; tokens += 7) {
    for (int splits = 1; splits < 14; ++splits) {
      int at = 0;
      int fewest = tokens + tile;
      int most = 0;
      for (int split = 0; split < splits; ++split) {
        const TokenRange range = split_range(tokens, tile, split, splits);
        REQUIRE(range.begin == at);
        REQUIRE((range.begin % tile == 0 || range.begin == tokens));
        const int tiles = (range.end - range.begin + tile - 1) / tile;
        fewest = std::min(fewest, tiles);
        most = std::max(most, tiles);
        at = range.end;
      }
      REQUIRE(at == tokens);
      REQUIRE(most - fewest <= 1);
    }
  }
}

TEST_CASE("every token of a request has a place of its own in that request's pages",
          "[kernels][property]") {
  const int page_tokens = GENERATE(1, 16, 64);
  const int pages_each = 5;
  const std::vector<int> pages{7, 2, 9, 0, 4, 1, 3, 5, 6, 8};
  for (unsigned request = 0; request < 2; ++request) {
    for (int token = 0; token < pages_each * page_tokens; ++token) {
      const PagedToken at = paged_token(pages.data(), pages_each, page_tokens, request, token);
      const int page = token / page_tokens;
      REQUIRE(at.page ==
              static_cast<std::size_t>(pages[static_cast<std::size_t>(pages_each) * request +
                                             static_cast<std::size_t>(page)]));
      REQUIRE(static_cast<int>(at.inside) + page * page_tokens == token);
      const PagedToken whole = paged_token(nullptr, 1, 1000, request, token);
      REQUIRE(whole.page == request);
      REQUIRE(whole.inside == static_cast<std::size_t>(token));
    }
  }
}
