#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "sim/llm/attention/registry.hpp"
#include "sim/parallel/registry.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

const StrategyEntry& strategy_named(std::string_view name) {
  for (const StrategyEntry& row : strategies()) {
    if (row.name == name) return row;
  }
  throw std::logic_error("no such strategy");
}

/// "field: message" of what is wrong with a layout, "fine" when nothing is.
std::string fault(const ModelSpec& model, std::string_view strategy, const Layout& layout) {
  const auto attention = make_attention(model.attention, model.hidden);
  auto found = common_fault(model, *attention, layout);
  if (!found) found = strategy_named(strategy).get().fault(*attention, model, layout);
  return found ? found->field + ": " + found->message : "fine";
}

}  // namespace

TEST_CASE("Helix takes TPA up to the KV heads and no further", "[parallel][layout]") {
  const ModelSpec llama = llama_405b();
  CHECK(fault(llama, "helix", {.tpa = 8, .kvp = 8, .tpf = 64}) == "fine");
  CHECK(fault(llama, "helix", {.tpa = 16, .kvp = 4, .tpf = 64}) ==
        "tpa: 16 is outside [1, 8]; the model has 8 KV heads");
  CHECK(fault(deepseek_r1(), "helix", {.tpa = 1, .kvp = 64, .tpf = 8, .ep = 8}) == "fine");
  CHECK(fault(deepseek_r1(), "helix", {.tpa = 2, .kvp = 32, .tpf = 8, .ep = 8}) ==
        "tpa: 2 is outside [1, 1]; the model has 1 KV head");
  CHECK(fault(llama, "helix", {.tpa = 1, .kvp = 3, .tpf = 3}) ==
        "kvp: tpa * kvp = 3 does not divide the model's 128 query heads");
}

TEST_CASE("FFN widths must multiply to the GPUs that the strategy uses", "[parallel][layout]") {
  CHECK(fault(llama_405b(), "helix", {.tpa = 8, .kvp = 8, .tpf = 32}) ==
        "tpf: tpf * ep = 32 * 1 = 32, expected tpa * kvp = 64");
  CHECK(fault(deepseek_r1(), "tp", {.tpa = 8, .tpf = 2, .ep = 8}) ==
        "tpf: tpf * ep = 2 * 8 = 16, expected tpa = 8");
  CHECK(fault(llama_405b(), "medha", {.tpa = 8, .kvp = 8, .tpf = 8}) == "fine");
  CHECK(fault(llama_405b(), "medha", {.tpa = 8, .kvp = 8, .tpf = 64}) ==
        "tpf: tpf * ep = 64 * 1 = 64, expected tpa = 8");
  CHECK(fault(llama_405b(), "dp", {.tpa = 4, .dp = 4, .tpf = 8}) ==
        "tpf: tpf * ep = 8 * 1 = 8, expected tpa * dp = 16");
}

TEST_CASE("attention data parallelism needs groups, and expert ranks where there are experts",
          "[parallel][layout]") {
  CHECK(fault(llama_405b(), "dp", {.tpa = 4, .dp = 2, .tpf = 8}) == "fine");
  CHECK_THAT(fault(llama_405b(), "dp", {.tpa = 4, .dp = 1, .tpf = 4}),
             Catch::StartsWith("dp: 1 is outside"));
  CHECK(fault(deepseek_r1(), "dp", {.dp = 8, .ep = 8}) == "fine");
  CHECK_THAT(fault(deepseek_r1(), "dp", {.dp = 8, .tpf = 8}),
             Catch::StartsWith("ep: 1 is outside"));
}

TEST_CASE("Helix and DCP take attention groups beside KV parallelism", "[parallel][layout]") {
  const ModelSpec r1 = deepseek_r1();
  for (const std::string strategy : {"helix", "dcp"}) {
    CAPTURE(strategy);
    CHECK(fault(r1, strategy, {.kvp = 8, .dp = 4, .tpf = 2, .ep = 16}) == "fine");
    CHECK(fault(llama_405b(), strategy, {.tpa = 8, .kvp = 4, .dp = 2, .tpf = 64}) == "fine");
    CHECK(fault(r1, strategy, {.kvp = 8, .dp = 4, .tpf = 2, .ep = 4}) ==
          "tpf: tpf * ep = 2 * 4 = 8, expected tpa * kvp * dp = 32");
    CHECK(fault(r1, strategy, {.kvp = 8, .dp = 4, .tpf = 32}) ==
          "ep: 1 is outside [2, ...] with dp above 1; dispatch needs expert-parallel ranks");
  }
}

TEST_CASE("DCP shards what the TP group would copy", "[parallel][layout]") {
  // vLLM: dcp <= tp / K, so TPA holds every KV head; one latent may be held any number of times.
  const ModelSpec llama = llama_405b();
  CHECK(fault(llama, "dcp", {.tpa = 8, .kvp = 8, .tpf = 64}) == "fine");
  CHECK(fault(llama, "dcp", {.tpa = 16, .kvp = 2, .tpf = 32}) == "fine");
  CHECK(fault(llama, "dcp", {.tpa = 4, .tpf = 4}) == "fine");
  CHECK(fault(llama, "dcp", {.tpa = 4, .kvp = 2, .tpf = 8}) ==
        "tpa: 4 is no multiple of the model's 8 KV heads; the KVP ranks of dcp share the copies "
        "of a head");
  CHECK(fault(deepseek_r1(), "dcp", {.tpa = 2, .kvp = 4, .tpf = 8}) == "fine");
}

TEST_CASE("heads, experts, layers and columns bound the widths of every strategy",
          "[parallel][layout]") {
  const ModelSpec llama = llama_405b();
  CHECK(fault(llama, "tp", {.tpa = 3, .tpf = 3}) ==
        "tpa: 3 does not divide the model's 128 query heads");
  CHECK(fault(llama, "tp", {.tpa = 2, .tpf = 1, .ep = 2}) ==
        "ep: 2 is outside [1, 1]; the model has no experts");
  CHECK(fault(deepseek_r1(), "tp", {.tpa = 1, .tpf = 1, .ep = 3}) ==
        "ep: 3 does not divide the model's 256 experts");
  CHECK(fault(llama, "tp", {.pp = 126}) == "fine");
  CHECK(fault(llama, "tp", {.pp = 127}) == "pp: 127 is outside [1, 126]; the model has 126 layers");
  ModelSpec narrow = small_gqa_model();
  narrow.dense.intermediate = 4;
  CHECK(fault(narrow, "tp", {.tpa = 4, .tpf = 4}) == "fine");
  CHECK(fault(narrow, "tp", {.tpa = 8, .tpf = 8}) ==
        "tpf: 8 is outside [1, 4], the columns of the FFN");
}

TEST_CASE("a strategy refuses the widths that its row says it does not use",
          "[parallel][layout][conformance]") {
  const ModelSpec model = small_gqa_model();
  for (const StrategyEntry& row : strategies()) {
    CAPTURE(row.name);
    if (!row.uses_kvp) {
      CHECK_THAT(fault(model, row.name, {.kvp = 2, .tpf = 2}),
                 Catch::StartsWith("kvp: 2 is outside [1, 1]"));
    }
    if (!row.uses_dp) {
      CHECK_THAT(fault(model, row.name, {.dp = 2, .tpf = 2}),
                 Catch::StartsWith("dp: 2 is outside [1, 1]"));
    }
  }
}

TEST_CASE("a layout counts its GPUs and leaves widths of one out of its text",
          "[parallel][layout]") {
  const Layout layout{.tpa = 8, .kvp = 4, .tpf = 32, .pp = 2};
  CHECK(layout.stage_gpus() == 32);
  CHECK(layout.gpus() == 64);
  CHECK(to_text(layout) == "tpa 8 kvp 4 tpf 32 pp 2");
  CHECK(to_text(Layout{}) == "1 GPU");
}
