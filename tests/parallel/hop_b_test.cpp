#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "sim/parallel/best_chunks.hpp"
#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/schedule.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/parallel/step_case.hpp"
#include "tests/support/models.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

const StrategyEntry& helix() {
  for (const StrategyEntry& row : strategies()) {
    if (row.name == "helix") return row;
  }
  throw std::logic_error("helix is a strategy");
}

SimTime makespan(Schedule& schedule, const OperationList& block, const HopB& hop_b, int requests) {
  schedule.clear();
  schedule.append(block, hop_b, requests);
  schedule.run();
  return schedule.timeline().makespan();
}

SimTime makespan(const Hardware& hardware, const OperationList& block, const HopB& hop_b,
                 int requests) {
  Schedule schedule(hardware, {}, true);
  return makespan(schedule, block, hop_b, requests);
}

/// Attention and exchange of `requests` requests that take this long on an ideal GB200: those of
/// Helix with other amounts of work.
OperationList attention_and_exchange(int requests, double attention_us, double exchange_us) {
  const StepCase step(helix(), llama_405b(), {.tpa = 8, .kvp = 8, .tpf = 64}, requests, 1e6);
  OperationList both;
  for (const Operation& op : step.attention_block()) {
    if (op.kind == OperationKind::Attention || op.name == "kvp_all_to_all") both.push_back(op);
  }
  REQUIRE(both.size() == 2);
  both[0].work.kv_bytes = Bytes(requests * attention_us * 1e-6 * 8e12);
  both[0].work.flops = Flops();
  both[1].collective.port_bytes = Bytes(requests * exchange_us * 1e-6 * 9e11);
  return both;
}

constexpr double kMicrosecond = 1e6;  // picoseconds

/// A Helix attention block and a GB200 whose links and start-up times are drawn, so that now
/// attention and now the exchange is the longer stage.
struct HopBCase {
  explicit HopBCase(std::uint32_t seed)
      : random(seed),
        fidelity(seed % 2 == 0 ? "ideal" : "paper"),
        hardware(gb200_hardware(
            fidelity,
            {{"fabric.link_bandwidth.value", std::to_string(random.between(1, 60)) + " GB/s"},
             {"fidelities." + fidelity + ".collectives.kvp_exchange.value",
              std::to_string(random.coin() ? 0 : random.between(0, 5000)) + " ns"},
             {"fidelities." + fidelity + ".collectives.kvp_exchange_latency.value",
              std::to_string(random.coin() ? 0 : random.between(0, 9000)) + " ns"}})),
        step(kvp_step(random)),
        block(step.attention_block()),
        requests(step.batch / step.layout.dp) {}

  static StepCase kvp_step(Random& random) {
    while (true) {
      const StepCase step = random_step(helix(), random);
      if (step.layout.kvp > 1) return step;
    }
  }

  Random random;
  std::string fidelity;
  Hardware hardware;
  StepCase step;
  OperationList block;
  int requests;
};

}  // namespace

TEST_CASE("HOP-B hides all communication but the last request's", "[parallel][hop_b]") {
  // 8 requests, 2 units of attention and 1.2 of communication each (Helix, figure 3).
  const Hardware ideal = gb200_hardware("ideal");
  const OperationList block = attention_and_exchange(8, 2.0, 1.2);
  const auto units = [&](const HopB& hop_b) {
    return static_cast<double>(makespan(ideal, block, hop_b, 8).picoseconds()) / kMicrosecond;
  };
  CHECK(units({HopBMode::Off, 1}) == Approx(8 * 2.0 + 8 * 1.2));  // 25.6
  CHECK(units({HopBMode::Chunks, 8}) == Approx(8 * 2.0 + 1.2));   // 17.2
  CHECK(units({HopBMode::Chunks, 4}) == Approx(8 * 2.0 + 2 * 1.2));
  CHECK(units({HopBMode::Chunks, 1}) == Approx(25.6));
  CHECK(units({HopBMode::DeviceInitiated, 1}) == Approx(17.2));
}

TEST_CASE("a longer exchange hides all attention but the first request's", "[parallel][hop_b]") {
  const Hardware ideal = gb200_hardware("ideal");
  const SimTime time =
      makespan(ideal, attention_and_exchange(8, 1.2, 2.0), {HopBMode::Chunks, 8}, 8);
  CHECK(static_cast<double>(time.picoseconds()) / kMicrosecond == Approx(1.2 + 8 * 2.0));
}

TEST_CASE("the latency of an exchange passes beside the next exchange", "[parallel][hop_b]") {
  // Exchange-bound, 4 requests: 1 of attention, 4 x 2 on the stream, and one latency of 5 at the
  // end.
  const Hardware hardware = gb200_hardware(
      "ideal", {{"fidelities.ideal.collectives.kvp_exchange_latency.value", "5 us"}});
  const SimTime time =
      makespan(hardware, attention_and_exchange(4, 1.0, 2.0), {HopBMode::Chunks, 4}, 4);
  CHECK(static_cast<double>(time.picoseconds()) / kMicrosecond == Approx(1.0 + 4 * 2.0 + 5.0));
}

TEST_CASE("chunks cover all requests, larger ones first, and differ by at most one",
          "[parallel][hop_b]") {
  const Hardware hardware = gb200_hardware("ideal");
  const OperationList block = attention_and_exchange(1, 1.0, 1.0);
  for (int requests = 1; requests <= 40; ++requests) {
    for (int chunks = 1; chunks <= requests; ++chunks) {
      CAPTURE(requests, chunks);
      const HopBPieces pieces =
          cut_by_hop_b(block[0], block[1], {HopBMode::Chunks, chunks}, requests, hardware);
      const auto [large, small] = pieces.runs;
      CHECK(large.count + small.count == chunks);
      CHECK(large.count * large.share + small.count * small.share == Approx(1.0));
      if (large.count > 0) CHECK(large.share * requests == Approx(small.share * requests + 1.0));
      if (chunks == 1) CHECK(small.share == 1.0);
      CHECK(small.share * requests > 1.0 - 1e-9);
    }
  }
}

TEST_CASE("modes of HOP-B read back as they are written", "[parallel][hop_b]") {
  for (const std::string& name : hop_b_names()) {
    CAPTURE(name);
    REQUIRE(parse_hop_b(name));
    CHECK(to_text(*parse_hop_b(name)) == name);
  }
  CHECK(parse_hop_b("4") == HopB{HopBMode::Chunks, 4});
  CHECK(to_text({HopBMode::Chunks, 4}) == "4");
  for (const std::string text : {"", "0", "-1", "4x", "x", "4.5", " 4", "99999999999", "OFF"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_hop_b(text));
  }
}

TEST_CASE("the best chunk count is that of trying every one", "[parallel][hop_b][property]") {
  const auto seed = GENERATE(range(0U, 120U));
  const HopBCase c(seed);
  CAPTURE(seed, c.fidelity, c.step.model.name, to_text(c.step.layout), c.requests);
  Schedule scratch(c.hardware, {}, true);
  int best = 1;
  SimTime best_time = makespan(scratch, c.block, {HopBMode::Chunks, 1}, c.requests);
  for (int chunks = 2; chunks <= c.requests; ++chunks) {
    const SimTime time = makespan(scratch, c.block, {HopBMode::Chunks, chunks}, c.requests);
    if (time < best_time) {
      best = chunks;
      best_time = time;
    }
  }
  CHECK(best_chunks(c.block, c.requests, c.hardware) == best);
  CHECK(best_time <= makespan(scratch, c.block, {HopBMode::Off, 1}, c.requests));
}

TEST_CASE("the best chunk count is remembered for what it was chosen for",
          "[parallel][hop_b][property]") {
  const auto seed = GENERATE(range(0U, 30U));
  HopBCase c(seed);
  CAPTURE(seed, c.fidelity, c.step.model.name, to_text(c.step.layout), c.requests);
  ChunkChoices choices;
  for (int i = 0; i < 40; ++i) {
    OperationList block = c.block;
    for (Operation& op : block) {
      if (op.kind == OperationKind::Attention) op.work.kv_bytes *= c.random.power_of_two(2);
      if (op.cut_by_hop_b) op.collective.port_bytes *= c.random.power_of_two(2);
    }
    const int requests = std::max(c.requests / c.random.power_of_two(1), 1);
    CAPTURE(i, requests);
    CHECK(choices.best(block, requests, c.hardware) == best_chunks(block, requests, c.hardware));
  }
}

TEST_CASE("one chunk is HOP-B off", "[parallel][hop_b][property]") {
  const auto seed = GENERATE(range(0U, 20U));
  const HopBCase c(seed);
  CAPTURE(seed);
  CHECK(makespan(c.hardware, c.block, {HopBMode::Chunks, 1}, c.requests) ==
        makespan(c.hardware, c.block, {HopBMode::Off, 1}, c.requests));
}

TEST_CASE("an exchange that the device starts is never slower than the best chunks",
          "[parallel][hop_b][property]") {
  const auto seed = GENERATE(range(0U, 120U));
  const HopBCase c(seed);
  CAPTURE(seed, c.fidelity, c.step.model.name, to_text(c.step.layout), c.requests);
  Schedule scratch(c.hardware, {}, true);
  const int chunks = best_chunks(c.block, c.requests, c.hardware);
  const SimTime best = makespan(scratch, c.block, {HopBMode::Chunks, chunks}, c.requests);
  const SimTime device = makespan(scratch, c.block, {HopBMode::DeviceInitiated, 1}, c.requests);
  // Its pieces are rounded to a picosecond one by one, half a picosecond each at most.
  CHECK(device <= best + SimTime(c.requests + 1));
}

TEST_CASE("HOP-B never gains more than the shorter of attention and exchange",
          "[parallel][hop_b][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const HopBCase c(seed);
  CAPTURE(seed, c.fidelity, c.requests);
  Schedule scratch(c.hardware, {}, true);
  const SimTime off = makespan(scratch, c.block, {HopBMode::Off, 1}, c.requests);
  const auto busy = scratch.blocks()[0].busy;
  const SimTime gain = off - makespan(scratch, c.block, {HopBMode::DeviceInitiated, 1}, c.requests);
  CHECK(gain >= SimTime(-c.requests - 1));
  CHECK(gain <= std::min(busy[static_cast<std::size_t>(TimeCategory::Attention)],
                         busy[static_cast<std::size_t>(TimeCategory::Communication)]) +
                    SimTime(c.requests + 1));
}
