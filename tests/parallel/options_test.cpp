// What each option of a schedule changes, by hand.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string_view>

#include "sim/parallel/block_pass.hpp"
#include "tests/parallel/step_case.hpp"
#include "tests/support/models.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

/// R1 under Helix on 16 GPUs, 6 requests of 1M tokens.
StepCase r1_step(std::string_view strategy = "helix") {
  const auto row = std::find_if(strategies().begin(), strategies().end(),
                                [&](const StrategyEntry& entry) { return entry.name == strategy; });
  const Layout layout = strategy == "tp" ? Layout{.tpa = 16, .tpf = 4, .ep = 4}
                                         : Layout{.kvp = 16, .tpf = 4, .ep = 4};
  return {*row, deepseek_r1(), layout, 6, 1e6};
}

const Operation& named(const OperationList& block, std::string_view name) {
  for (const Operation& op : block) {
    if (op.name == name) return op;
  }
  throw std::logic_error("no operation " + std::string(name));
}

std::vector<std::string_view> names_after(const OperationList& block, std::string_view name) {
  std::vector<std::string_view> names;
  bool behind = false;
  for (const Operation& op : block) {
    if (behind) names.push_back(op.name);
    behind = behind || op.name == name;
  }
  return names;
}

}  // namespace

TEST_CASE("W_UV before the merge sends values and is repeated on the KVP ranks",
          "[parallel][options]") {
  StepCase step = r1_step();
  CHECK(names_after(step.attention_block(), "attention") ==
        std::vector<std::string_view>{"kvp_all_to_all", "combine", "w_uv", "o_proj",
                                      "attn_all_reduce"});
  CHECK(named(step.attention_block(), "kvp_all_to_all").collective.payload.value() ==
        6 * 128 * (512 * 2 + 4.0));
  CHECK(named(step.attention_block(), "w_uv").work.weight_bytes.value() ==
        128 / 16 * 128 * 512 * 0.5);
  step.options.merge_before_w_uv = false;
  CHECK(names_after(step.attention_block(), "attention") ==
        std::vector<std::string_view>{"w_uv", "kvp_all_to_all", "combine", "o_proj",
                                      "attn_all_reduce"});
  CHECK(named(step.attention_block(), "kvp_all_to_all").collective.payload.value() ==
        6 * 128 * (128 * 2 + 4.0));
  CHECK(named(step.attention_block(), "w_uv").work.weight_bytes.value() == 128 * 128 * 512 * 0.5);
  CHECK(named(step.attention_block(), "w_uv").work.flops.value() == 2.0 * 6 * 128 * 128 * 512);
  CHECK_FALSE(named(step.attention_block(), "kvp_all_to_all").cut_by_hop_b);
}

TEST_CASE("experts come together as the paper words it", "[parallel][options]") {
  const auto strategy = GENERATE(as<std::string_view>{}, "helix", "tp");
  StepCase step = r1_step(strategy);
  step.options.moe_exchange = MoeExchange::AllGather;
  const OperationList moe = step.blocks()[2];
  CHECK(names_after(moe, "finalize") == std::vector<std::string_view>{"expert_all_reduce",
                                                                      "moe_expert_all_gather",
                                                                      "expert_sum", "norm2"});
  const double hidden = 6 * 7168 * 2.0;
  CHECK(named(moe, "expert_all_reduce").collective.group == 4);
  CHECK(named(moe, "expert_all_reduce").collective.payload.value() == hidden);
  CHECK(named(moe, "moe_expert_all_gather").collective.group == 4);
  CHECK(named(moe, "moe_expert_all_gather").collective.port_bytes.value() == 3 * hidden);
}

TEST_CASE("where all GPUs hold the batch each dispatches its own part", "[parallel][options]") {
  const auto strategy = GENERATE(as<std::string_view>{}, "helix", "tp");
  StepCase step = r1_step(strategy);
  step.options.moe_exchange = MoeExchange::DispatchCombine;
  const OperationList moe = step.blocks()[2];
  const double own = 6.0 / 16;
  const double reached = 3 * (1 - std::pow(0.75, 8));
  CHECK(named(moe, "moe_dispatch").collective.port_bytes.value() ==
        Approx(own * 7168 * 2 * reached));
  CHECK(named(moe, "moe_all_gather").collective.group == 16);
  CHECK(named(moe, "moe_all_gather").collective.port_bytes.value() ==
        Approx(6 * 7168 * 2.0 * 15 / 16));
  CHECK(named(moe, "router").work.flops.value() == 2.0 * own * 7168 * 256);
  // A whole shared expert on every GPU, for the tokens that it dispatches.
  CHECK(named(moe, "shared_down").work.weight_bytes.value() == 7168 * 2048 * 0.5);
  CHECK(named(moe, "shared_down").work.flops.value() == 2.0 * own * 7168 * 2048);
}

TEST_CASE("one expert rank has only the all-reduce", "[parallel][options]") {
  for (const MoeExchange exchange : {MoeExchange::AllGather, MoeExchange::DispatchCombine}) {
    StepCase step = r1_step();
    step.layout.tpf = 16;
    step.layout.ep = 1;
    step.options.moe_exchange = exchange;
    CHECK(names_after(step.blocks()[2], "finalize") ==
          std::vector<std::string_view>{"moe_all_reduce"});
  }
}

TEST_CASE("a strategy sees only the options that it takes", "[parallel][options][conformance]") {
  const ScheduleOptions all{.merge_before_w_uv = false,
                            .exchange = DcpExchange::AllToAll,
                            .query = DcpQuery::Replicate,
                            .moe_exchange = MoeExchange::AllGather};
  const ScheduleOptions defaults;
  for (const StrategyEntry& row : strategies()) {
    CAPTURE(row.name);
    const ScheduleOptions seen = options_for(row, all);
    CHECK(seen.merge_before_w_uv == !row.takes.merge_before_w_uv);
    CHECK((seen.exchange == all.exchange) == row.takes.exchange);
    CHECK((seen.query == all.query) == row.takes.query);
    CHECK((seen.moe_exchange == all.moe_exchange) == row.takes.moe_exchange);
  }
}

TEST_CASE("kernels of two streams together read no faster than HBM", "[parallel][options]") {
  const Hardware hardware = gb200_hardware("ideal");
  StepCase step = r1_step();
  step.options.shared_expert = SharedExpert::SecondStream;
  const OperationList serial = [&] {
    StepCase other = step;
    other.options.shared_expert = SharedExpert::Serial;
    return other.blocks()[2];
  }();
  // As the serial ones read without a pause, two streams gain nothing where all of it is reading.
  double bytes = 0.0;
  for (const char* name : {"shared_gate_up", "shared_down", "expert_gate_up", "expert_down"})
    bytes += named(serial, name).work.hbm_bytes().value();
  const BlockTimes one = block_pass(serial, {HopBMode::Off, 1}, 6, hardware, false);
  const BlockTimes two = block_pass(step.blocks()[2], {HopBMode::Off, 1}, 6, hardware, false);
  CHECK(two.makespan.seconds().value() >= bytes / hardware.gpu().memory_bandwidth.value());
  CHECK(two.makespan.seconds().value() == Approx(one.makespan.seconds().value()).epsilon(1e-6));
}

TEST_CASE("a shared expert on a second stream takes what it is longer than the routed ones",
          "[parallel][options]") {
  const Hardware hardware = gb200_hardware("paper");
  const auto seconds = [&](std::string_view name, const OperationList& block) {
    return hardware.duration(named(block, name).work).value();
  };
  // Wide and narrow shared experts: the longer one and the shorter one.
  for (const int columns : {2048, 2'000'000}) {
    CAPTURE(columns);
    StepCase step = r1_step();
    step.model.moe.shared_intermediate = columns;
    const OperationList serial = step.blocks()[2];
    step.options.shared_expert = SharedExpert::SecondStream;
    const OperationList beside = step.blocks()[2];
    const double shared = seconds("shared_gate_up", serial) + seconds("shared_down", serial);
    const double routed = seconds("expert_gate_up", serial) + seconds("expert_down", serial);
    CHECK((shared > routed) == (columns > 2048));
    const auto time = [&](const OperationList& block) {
      return block_pass(block, {HopBMode::Off, 1}, 6, hardware, false);
    };
    const BlockTimes one = time(serial);
    const BlockTimes two = time(beside);
    CHECK((one.makespan - two.makespan).seconds().value() ==
          Approx(std::min(shared, routed)).epsilon(1e-6));
    const auto moe = static_cast<std::size_t>(TimeCategory::Moe);
    CHECK(one.busy[moe] - two.busy[moe] == one.makespan - two.makespan);
  }
}
