#include "tests/decode/point_case.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>

#include "sim/llm/attention/registry.hpp"
#include "tests/engine/sim_time_text.hpp"
#include "tests/support/layouts.hpp"
#include "tests/support/models.hpp"
#include "tests/support/systems.hpp"

namespace helixsim {

std::vector<Override> roomy(std::vector<Override> more) {
  more.push_back({"gpu.memory.capacity.value", "10 TB"});
  return more;
}

Setup make_setup(const ModelSpec& model, std::string_view fidelity,
                 const std::vector<Override>& changes, ScheduleOptions options) {
  return {model, gb200_hardware(fidelity, changes), PrecisionPlan(), options};
}

const StrategyEntry& strategy_named(std::string_view name) {
  for (const StrategyEntry& row : strategies()) {
    if (row.name == name) return row;
  }
  throw std::logic_error("no such strategy");
}

PointCase::PointCase(std::uint32_t seed) {
  static const std::vector<ModelSpec> kModels{llama_405b(),      deepseek_r1(),
                                              llama_405b(),      deepseek_r1(),
                                              small_gqa_model(), small_mla_moe_model()};
  Random random(seed);
  fidelity = random.coin() ? "ideal" : "paper";
  options.overlap_all_reduce = random.coin();
  point.strategy = &strategies()[seed % strategies().size()];
  while (true) {
    model = random.pick(kModels);
    const auto attention = make_attention(model.attention, model.hidden);
    if (const auto layout = random_layout(*point.strategy, model, *attention, random)) {
      point.layout = *layout;
      break;
    }
  }
  const int requests = random.between(1, 16);
  point.batch = point.layout.dp * requests;
  point.context = random.between(1, 2'000'000);
  point.hop_b = random.pick<HopB>({{HopBMode::Off, 1},
                                   {HopBMode::Chunks, random.between(1, requests)},
                                   {HopBMode::Best, 1},
                                   {HopBMode::Best, 1},
                                   {HopBMode::DeviceInitiated, 1},
                                   {HopBMode::Figure3, 1},
                                   {HopBMode::Figure3Lockstep, 1}});
  draw_options(seed);
}

/// Every option of the schedule, by draws of their own.
void PointCase::draw_options(std::uint32_t seed) {
  Random random(seed ^ 0x0b7105);
  options.merge_before_w_uv = random.coin();
  options.exchange =
      random.pick<DcpExchange>({DcpExchange::AllGatherReduceScatter, DcpExchange::AllToAll});
  options.query = random.pick<DcpQuery>({DcpQuery::Replicate, DcpQuery::AllGather});
  if (point.layout.dp == 1) {  // groups dispatch
    options.moe_exchange = random.pick<MoeExchange>(
        {MoeExchange::AllReduce, MoeExchange::AllGather, MoeExchange::DispatchCombine});
  }
  options.shared_expert =
      random.pick<SharedExpert>({SharedExpert::Serial, SharedExpert::SecondStream});
  options.routing = random.pick<Routing>({{}, {.kind = Routing::Kind::PowerLaw, .alpha = 0.8}});
  options.minimum_shard_columns = random.pick<int>({0, 128, 1024});
  options.host = random.coin() ? Seconds() : Seconds(random.between(0, 50) * 1e-6);
}

Setup PointCase::setup(const std::vector<Override>& changes) const {
  return make_setup(model, fidelity, roomy(changes), options);
}

std::string PointCase::text() const {
  return model.name + " " + fidelity + " " + std::string(point.strategy->name) + " " +
         to_text(point.layout) + " batch " + std::to_string(point.batch) + " hop_b " +
         to_text(point.hop_b);
}

void check_same(const PointResult& a, const PointResult& b) {
  CHECK(a.shortage == b.shortage);
  CHECK(a.ttl == b.ttl);
  CHECK(a.chunks == b.chunks);
  CHECK(a.seconds == b.seconds);
  CHECK(a.hidden_seconds == b.hidden_seconds);
  CHECK(a.memory.weights == b.memory.weights);
  CHECK(a.memory.kv == b.memory.kv);
  CHECK(a.memory.usable == b.memory.usable);
  CHECK(a.memory.total() == b.memory.total());
  REQUIRE(a.error.has_value() == b.error.has_value());
  if (a.error) CHECK(a.error->log_sd() == b.error->log_sd());
}

SimTime ttl(const Setup& setup, const Point& point) {
  Evaluator evaluator(setup);
  const PointResult result = evaluator.evaluate(point);
  if (!result.feasible()) throw std::logic_error("the point was meant to fit");
  return result.ttl;
}

void check_best_hop_b(const Setup& setup, Point point) {
  point.hop_b = {HopBMode::Best, 1};
  const SimTime best = ttl(setup, point);
  point.hop_b = {HopBMode::Off, 1};
  CHECK(best <= ttl(setup, point));
  for (int chunks = 1; chunks <= point.batch / point.layout.dp; ++chunks) {
    CAPTURE(chunks);
    point.hop_b = {HopBMode::Chunks, chunks};
    CHECK(best <= ttl(setup, point));
  }
}

}  // namespace helixsim
