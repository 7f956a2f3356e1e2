// Attention groups (dp) beside KV parallelism, by hand.

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>

#include "tests/parallel/step_case.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

const StrategyEntry& strategy_named(std::string_view name) {
  return *std::find_if(strategies().begin(), strategies().end(),
                       [&](const StrategyEntry& row) { return row.name == name; });
}

const Operation& named(const OperationList& block, std::string_view name) {
  for (const Operation& op : block) {
    if (op.name == name) return op;
  }
  throw std::logic_error("no operation " + std::string(name));
}

bool has(const OperationList& block, std::string_view name) {
  return std::any_of(block.begin(), block.end(),
                     [&](const Operation& op) { return op.name == name; });
}

}  // namespace

TEST_CASE("an attention group of Helix holds its share of the batch", "[parallel][helix][dp]") {
  // 8 KVP ranks in each of 4 groups; 20 requests, 5 a group.
  const StepCase step(strategy_named("helix"), deepseek_r1(),
                      {.kvp = 8, .dp = 4, .tpf = 2, .ep = 16}, 20, 1e6);
  const OperationList attention = step.attention_block();
  CHECK(named(attention, "attention").work.kv_bytes.value() == 5 * 1e6 / 8 * 576 * 0.5);
  CHECK(named(attention, "kvp_all_to_all").collective.group == 8);
  CHECK(named(attention, "kvp_all_to_all").collective.port_bytes.value() ==
        5 * 128 * (512 * 2 + 4) * 7.0 / 8);
  CHECK(named(attention, "o_proj").work.weight_bytes.value() == 128 / 8 * 128 * 7168 * 0.5);
  CHECK(named(attention, "attn_all_reduce").collective.group == 8);
  CHECK(named(attention, "attn_all_reduce").collective.payload.value() == 5 * 7168 * 2.0);
}

TEST_CASE("Helix with attention groups dispatches tokens and gathers them in the group",
          "[parallel][helix][dp]") {
  const StepCase step(strategy_named("helix"), deepseek_r1(),
                      {.kvp = 8, .dp = 4, .tpf = 2, .ep = 16}, 20, 1e6);
  const OperationList moe = step.blocks()[2];
  CHECK_FALSE(has(moe, "moe_all_reduce"));
  const double reached = 15 * (1 - std::pow(15.0 / 16, 8));
  CHECK(named(moe, "moe_dispatch").collective.group == 16);
  CHECK(named(moe, "moe_dispatch").collective.port_bytes.value() ==
        Approx(5 * 7168 * 2.0 * reached));
  CHECK(named(moe, "moe_combine").collective.port_bytes.value() ==
        Approx(5 * 7168 * 2.0 * reached));
  CHECK(named(moe, "expert_all_reduce").collective.payload.value() == 20 * 8 / 16.0 * 7168 * 2);
  CHECK(named(moe, "moe_all_gather").collective.group == 8);
  CHECK(named(moe, "moe_all_gather").collective.port_bytes.value() == 5 * 7168 * 2.0 * 7 / 8);
  // The shared expert is shared by the group that holds the tokens.
  CHECK(named(moe, "shared_down").work.weight_bytes.value() == 7168.0 * 2048 / 8 * 0.5);
  CHECK(named(moe, "shared_down").work.flops.value() == 2.0 * 5 * 7168 * 2048 / 8);
  CHECK(named(moe, "router").work.flops.value() == 2.0 * 5 * 7168 * 256);
}

TEST_CASE("Helix with attention groups gathers and scatters around a dense FFN",
          "[parallel][helix][dp]") {
  const StepCase step(strategy_named("helix"), llama_405b(),
                      {.tpa = 4, .kvp = 4, .dp = 2, .tpf = 32}, 6, 1e6);
  const OperationList dense = step.blocks()[1];
  for (const char* name : {"ffn_all_gather", "ffn_reduce_scatter"}) {
    CHECK(named(dense, name).collective.group == 32);
    CHECK(named(dense, name).collective.port_bytes.value() == 6 * 16384 * 2.0 / 2);
  }
  CHECK(named(dense, "ffn_down").work.weight_bytes.value() == 16384.0 * 53248 / 32 * 0.5);
  CHECK(named(dense, "ffn_down").work.flops.value() == 2.0 * 6 * 16384 * 53248 / 32);
  CHECK(named(step.blocks()[4], "hidden_all_gather").collective.group == 32);
}

TEST_CASE("attention groups without KV parallelism are strategy dp", "[parallel][helix][dp]") {
  const auto name = GENERATE(as<std::string_view>{}, "helix", "dcp");
  for (const auto& [model, layout] :
       {std::pair{llama_405b(), Layout{.tpa = 4, .dp = 4, .tpf = 16}},
        std::pair{deepseek_r1(), Layout{.dp = 16, .tpf = 2, .ep = 8}}}) {
    const StepCase ours(strategy_named(name), model, layout, 32, 1e6);
    const StepCase dp(strategy_named("dp"), model, layout, 32, 1e6);
    for (std::size_t b = 0; b < 5; ++b) {
      const OperationList mine = ours.blocks()[b];
      const OperationList theirs = dp.blocks()[b];
      REQUIRE(mine.size() == theirs.size());
      for (std::size_t i = 0; i < mine.size(); ++i) {
        CAPTURE(name, model.name, mine[i].name);
        CHECK(mine[i].name == theirs[i].name);
        CHECK(mine[i].work.weight_bytes == theirs[i].work.weight_bytes);
        CHECK(mine[i].work.kv_bytes == theirs[i].work.kv_bytes);
        CHECK(mine[i].work.flops == theirs[i].work.flops);
        CHECK(mine[i].collective.payload == theirs[i].collective.payload);
        CHECK(mine[i].collective.port_bytes == theirs[i].collective.port_bytes);
      }
    }
  }
}
