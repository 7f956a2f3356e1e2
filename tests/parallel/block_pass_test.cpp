#include "sim/parallel/block_pass.hpp"

#include <catch2/catch.hpp>

#include "sim/parallel/exposed_times.hpp"
#include "sim/parallel/schedule.hpp"
#include "tests/parallel/step_case.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

/// The block as the event engine runs it on its own.
BlockTimes by_events(const OperationList& block, const HopB& hop_b, int requests,
                     const Hardware& hardware, bool overlap) {
  Schedule schedule(hardware, {.overlap_all_reduce = overlap}, true);
  schedule.append(block, hop_b, requests);
  schedule.run();
  return schedule.blocks()[0];
}

void check_same(const OperationList& block, const HopB& hop_b, int requests,
                const Hardware& hardware, bool overlap) {
  const BlockTimes expected = by_events(block, hop_b, requests, hardware, overlap);
  const BlockTimes times = block_pass(block, hop_b, requests, hardware, overlap);
  CHECK(times.makespan == expected.makespan);
  CHECK(times.busy == expected.busy);
  SimTime exposed;
  for (const SimTime time : exposed_times(block, hop_b, requests, hardware, overlap)) {
    CHECK(time >= SimTime());
    exposed += time;
  }
  CHECK(exposed == times.makespan);
}

HopB random_mode(Random& random, int requests) {
  return random.pick<HopB>({{HopBMode::Off, 1},
                            {HopBMode::Chunks, random.between(1, requests)},
                            {HopBMode::Chunks, requests},
                            {HopBMode::DeviceInitiated, 1},
                            {HopBMode::Figure3, 1},
                            {HopBMode::Figure3Lockstep, 1}});
}

Hardware random_hardware(Random& random) {
  const std::string fidelity = random.coin() ? "ideal" : "paper";
  const std::string collectives = "fidelities." + fidelity + ".collectives.";
  return gb200_hardware(
      fidelity,
      {{"fabric.link_bandwidth.value", std::to_string(random.between(1, 60)) + " GB/s"},
       {collectives + "all_reduce.value", std::to_string(random.between(0, 9000)) + " ns"},
       {collectives + "kvp_exchange.value",
        std::to_string(random.coin() ? 0 : random.between(0, 9000)) + " ns"},
       {collectives + "kvp_exchange_latency.value",
        std::to_string(random.coin() ? 0 : random.between(0, 9000)) + " ns"}});
}

/// Any operations in any order: all-reduces behind collectives, several of them, exchanges that are
/// cut and such that are not.
OperationList random_block(Random& random) {
  OperationList block;
  const int count = random.between(0, 12);
  for (int i = 0; i < count; ++i) {
    switch (random.between(0, 3)) {
      case 0:
        block.push_back(elementwise("kernel"));
        break;
      case 1:
        block.push_back(gemm("gemm", {.n = 1.0 * random.between(0, 100'000'000)},
                             random.between(1, 64), Precision::Fp4));
        break;
      case 2:
        block.push_back(flash_decode_kernel(random.between(0, 100'000'000),
                                            Flops(random.between(0, 1'000'000'000)), {}, {}));
        break;
      default:
        Operation op = elementwise("collective", TimeCategory::Communication);
        op.kind = OperationKind::Collective;
        const bool all_reduce = random.coin();
        op.collective = {.kind = all_reduce ? CollectiveKind::AllReduce : CollectiveKind::AllToAll,
                         .start_up = all_reduce ? StartUp::AllReduce : StartUp::KvpExchange,
                         .group = 8,
                         .payload = Bytes(random.between(0, 10'000'000)),
                         .port_bytes = Bytes(random.between(0, 10'000'000))};
        op.cut_by_hop_b = !all_reduce && random.coin();
        block.push_back(op);
    }
  }
  return block;
}

}  // namespace

TEST_CASE("the pass gives the times of the event engine for every strategy's blocks",
          "[parallel][block_pass][property]") {
  const auto seed = GENERATE(range(0U, 240U));
  Random random(seed);
  const Hardware hardware = random_hardware(random);
  const StepCase step = random_step(strategies()[seed % strategies().size()], random);
  const int requests = step.batch / step.layout.dp;
  const bool overlap = random.coin();
  const HopB hop_b = random_mode(random, requests);
  CAPTURE(seed, step.entry->name, to_text(step.layout), requests, to_text(hop_b), overlap);
  for (const OperationList& block : step.blocks())
    check_same(block, hop_b, requests, hardware, overlap);
}

TEST_CASE("the pass gives the times of the event engine for any order of operations",
          "[parallel][block_pass][property]") {
  const auto seed = GENERATE(range(0U, 400U));
  Random random(seed);
  const Hardware hardware = random_hardware(random);
  const OperationList block = random_block(random);
  const int requests = random.between(1, 24);
  const bool overlap = random.coin();
  const HopB hop_b = random_mode(random, requests);
  CAPTURE(seed, block.size(), requests, to_text(hop_b), overlap);
  check_same(block, hop_b, requests, hardware, overlap);
}
