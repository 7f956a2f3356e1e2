// Bytes, weights and flops of dcp, by hand.

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

/// R1 on a TP group of 16 GPUs, 8 of them KVP ranks; 4 requests of 1M tokens.
StepCase r1_step(DcpExchange exchange, DcpQuery query) {
  StepCase step(strategy_named("dcp"), deepseek_r1(), {.tpa = 2, .kvp = 8, .tpf = 4, .ep = 4}, 4,
                1e6);
  step.options.exchange = exchange;
  step.options.query = query;
  return step;
}

const Operation* find(const OperationList& block, std::string_view name) {
  const auto found = std::find_if(block.begin(), block.end(),
                                  [&](const Operation& op) { return op.name == name; });
  return found == block.end() ? nullptr : &*found;
}

const Operation& named(const OperationList& block, std::string_view name) {
  const Operation* found = find(block, name);
  if (found == nullptr) throw std::logic_error("no operation " + std::string(name));
  return *found;
}

std::vector<std::string_view> collectives(const OperationList& block) {
  std::vector<std::string_view> names;
  for (const Operation& op : block) {
    if (op.kind == OperationKind::Collective) names.push_back(op.name);
  }
  return names;
}

}  // namespace

TEST_CASE("DCP as shipped gathers queries and LSE and scatters outputs", "[parallel][dcp]") {
  const OperationList block =
      r1_step(DcpExchange::AllGatherReduceScatter, DcpQuery::AllGather).attention_block();
  CHECK(collectives(block) == std::vector<std::string_view>{"query_all_gather", "lse_all_gather",
                                                            "output_reduce_scatter",
                                                            "attn_all_reduce"});
  // 128 / 16 = 8 heads of 576 a request are projected and go to 7 others, in BF16.
  const double own = 4 * 8 * 576 * 2.0;
  CHECK(named(block, "query_all_gather").collective.payload.value() == own);
  CHECK(named(block, "query_all_gather").collective.port_bytes.value() == 7 * own);
  // 64 heads attend; an FP32 LSE of each goes to 7 others.
  CHECK(named(block, "lse_all_gather").collective.port_bytes.value() == 7 * 4 * 64 * 4.0);
  // 64 heads of 512 in BF16, 7/8 of which are the other ranks' heads.
  const double outputs = 4 * 64 * 512 * 2.0;
  CHECK(named(block, "output_reduce_scatter").collective.payload.value() == outputs);
  CHECK(named(block, "output_reduce_scatter").collective.port_bytes.value() == outputs * 7 / 8);
  CHECK(named(block, "attn_all_reduce").collective.group == 16);
  CHECK(find(block, "combine") == nullptr);
  // Shards of 16: W_UQ 1536 x 192, W_UK 128 x 512, W_UV 512 x 128, W_O 128 x 7168, each 8 heads.
  CHECK(named(block, "q_b_proj").work.weight_bytes.value() == 8 * 1536 * 192 * 0.5);
  CHECK(named(block, "w_uk_absorb").work.weight_bytes.value() == 8 * 128 * 512 * 0.5);
  CHECK(named(block, "w_uv").work.weight_bytes.value() == 8 * 512 * 128 * 0.5);
  CHECK(named(block, "o_proj").work.weight_bytes.value() == 8 * 128 * 7168 * 0.5);
  // An eighth of the sequence for 64 heads.
  CHECK(named(block, "attention").work.kv_bytes.value() == 4 * 1e6 / 8 * 576 * 0.5);
  CHECK(named(block, "attention").work.flops.value() == 2.0 * 4 * 1e6 / 8 * 64 * (576 + 512));
}

TEST_CASE("DCP with replicated queries and an all-to-all does the work of Helix",
          "[parallel][dcp]") {
  StepCase dcp(strategy_named("dcp"), deepseek_r1(), {.kvp = 8, .tpf = 2, .ep = 4}, 4, 1e6);
  dcp.options.exchange = DcpExchange::AllToAll;
  dcp.options.query = DcpQuery::Replicate;
  StepCase helix = dcp;
  helix.entry = &strategy_named("helix");
  const auto ours = dcp.blocks();
  const auto theirs = helix.blocks();
  for (std::size_t b = 0; b < ours.size(); ++b) {
    REQUIRE(ours[b].size() == theirs[b].size());
    for (std::size_t i = 0; i < ours[b].size(); ++i) {
      CAPTURE(ours[b][i].name);
      CHECK(ours[b][i].name == theirs[b][i].name);
      CHECK(ours[b][i].work.weight_bytes == theirs[b][i].work.weight_bytes);
      CHECK(ours[b][i].work.flops == theirs[b][i].work.flops);
      CHECK(ours[b][i].collective.port_bytes == theirs[b][i].collective.port_bytes);
      CHECK(ours[b][i].cut_by_hop_b == theirs[b][i].cut_by_hop_b);
    }
  }
}

TEST_CASE("GQA gathers query heads of the head size", "[parallel][dcp]") {
  const StepCase step(strategy_named("dcp"), llama_405b(), {.tpa = 8, .kvp = 4, .tpf = 32}, 3, 1e6);
  const OperationList block = step.attention_block();
  // 128 / 32 = 4 heads of 128 a request; W_Q of these, and W_K and W_V of one head.
  CHECK(named(block, "query_all_gather").collective.port_bytes.value() == 3 * (3 * 4 * 128 * 2.0));
  CHECK(named(block, "qkv_proj").work.weight_bytes.value() == 16384 * (4 + 2) * 128 * 0.5);
  CHECK(named(block, "output_reduce_scatter").collective.payload.value() == 3 * 16 * 128 * 2.0);
}

TEST_CASE("DCP without KV parallelism is tensor parallelism", "[parallel][dcp]") {
  for (const DcpExchange exchange : {DcpExchange::AllGatherReduceScatter, DcpExchange::AllToAll}) {
    StepCase dcp(strategy_named("dcp"), deepseek_r1(), {.tpa = 8, .tpf = 2, .ep = 4}, 4, 1e6);
    dcp.options.exchange = exchange;
    StepCase tp = dcp;
    tp.entry = &strategy_named("tp");
    for (std::size_t b = 0; b < 5; ++b) {
      const OperationList ours = dcp.blocks()[b];
      const OperationList theirs = tp.blocks()[b];
      REQUIRE(ours.size() == theirs.size());
      for (std::size_t i = 0; i < ours.size(); ++i) {
        CHECK(ours[i].name == theirs[i].name);
        CHECK(ours[i].work.weight_bytes == theirs[i].work.weight_bytes);
        CHECK(ours[i].collective.payload == theirs[i].collective.payload);
      }
    }
  }
}

TEST_CASE("HOP-B cuts the all-to-all of DCP and nothing else", "[parallel][dcp][hop_b]") {
  const auto cut = [](DcpExchange exchange) {
    std::vector<std::string_view> names;
    for (const Operation& op : r1_step(exchange, DcpQuery::AllGather).attention_block()) {
      if (op.cut_by_hop_b) names.push_back(op.name);
    }
    return names;
  };
  CHECK(cut(DcpExchange::AllToAll) == std::vector<std::string_view>{"kvp_all_to_all"});
  CHECK(cut(DcpExchange::AllGatherReduceScatter).empty());
}
