#include "sim/decode/option_keys.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/decode/memory.hpp"
#include "sim/decode/pass_evaluator.hpp"
#include "sim/decode/rack_step.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/support/models.hpp"

using namespace helixsim;

namespace {

struct Options {
  ScheduleOptions values;
  std::vector<GivenOption> given;
};

Options read(const std::string& text) {
  Options options;
  read_option_keys(parse_json(text, "demo.json"), options.values, options.given);
  return options;
}

/// What is wrong with options for a model and a strategy; "fine" when nothing is.
std::string answer(const std::string& text, const ModelSpec& model, std::string_view strategy) {
  try {
    const Options options = read(text);
    check_options(options.given, options.values, model, Accounting::Event);
    const StrategyEntry* row = &strategy_named(strategy);
    check_options(options.given, std::span(&row, 1));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "fine";
}

std::string names_of_options(const ModelSpec& model, std::string_view strategy) {
  std::string names;
  for (const NamedOption& one : options_of({}, model, strategy_named(strategy), {})) {
    if (!names.empty()) names += ' ';
    names += one.name;
  }
  return names;
}

}  // namespace

TEST_CASE("options are read by name and keep their defaults otherwise", "[decode][options]") {
  const Options none = read("{}");
  CHECK(none.given.empty());
  CHECK(none.values.merge_before_w_uv);
  CHECK(none.values.exchange == DcpExchange::AllGatherReduceScatter);
  CHECK(none.values.query == DcpQuery::AllGather);
  CHECK(none.values.moe_exchange == MoeExchange::AllReduce);
  const Options all = read(R"({"merge_before_w_uv": false, "exchange": "a2a",
    "query": "replicate", "moe_exchange": "dispatch_combine", "overlap_all_reduce": true})");
  CHECK_FALSE(all.values.merge_before_w_uv);
  CHECK(all.values.exchange == DcpExchange::AllToAll);
  CHECK(all.values.query == DcpQuery::Replicate);
  CHECK(all.values.moe_exchange == MoeExchange::DispatchCombine);
  CHECK(all.values.overlap_all_reduce);
  CHECK_THROWS_WITH(read(R"({"exchange": "a2b"})"),
                    "demo.json: /exchange: unknown name \"a2b\"; did you mean \"a2a\"?");
}

TEST_CASE("an option is refused where it would do nothing", "[decode][options]") {
  const ModelSpec r1 = deepseek_r1();
  const ModelSpec llama = llama_405b();
  CHECK(answer(R"({"exchange": "a2a"})", r1, "dcp") == "fine");
  CHECK(answer(R"({"exchange": "a2a"})", r1, "helix") ==
        "demo.json: /exchange: strategy helix does not take it; expected dcp");
  CHECK(answer(R"({"query": "replicate"})", llama, "tp") ==
        "demo.json: /query: strategy tp does not take it; expected dcp");
  // Also at its default: what is asked for must mean something.
  CHECK(answer(R"({"moe_exchange": "all_reduce"})", r1, "medha") ==
        "demo.json: /moe_exchange: strategy medha does not take it; expected tp, helix or dcp");
  CHECK(answer(R"({"moe_exchange": "all_gather"})", llama, "helix") ==
        "demo.json: /moe_exchange: is of use for models with experts only, and llama-3.1-405b has "
        "none");
  CHECK(answer(R"({"merge_before_w_uv": false})", llama, "helix") ==
        "demo.json: /merge_before_w_uv: is of use for models with MLA only, and llama-3.1-405b "
        "has none");
}

TEST_CASE("a search takes an option that one of its strategies takes", "[decode][options]") {
  const Options options = read(R"({"query": "replicate"})");
  const StrategyEntry* with[] = {&strategy_named("tp"), &strategy_named("dcp")};
  const StrategyEntry* without[] = {&strategy_named("tp"), &strategy_named("dp")};
  CHECK_NOTHROW(check_options(options.given, with));
  CHECK_THROWS_WITH(check_options(options.given, without),
                    "demo.json: /query: no strategy of the search space takes it; expected dcp");
}

TEST_CASE("a later reading of an option is the one that messages name", "[decode][options]") {
  Options options = read(R"({"query": "replicate"})");
  read_option_keys(parse_json(R"({"query": "all_gather"})", "later.json"), options.values,
                   options.given);
  REQUIRE(options.given.size() == 1);
  CHECK(options.given[0].place == "later.json: /query");
}

TEST_CASE("the options of a strategy and model are named, as the layout runs them",
          "[decode][options]") {
  const std::string common = "minimum_shard_columns host_us";
  CHECK(names_of_options(llama_405b(), "tp") == common);
  CHECK(names_of_options(llama_405b(), "dcp") == "exchange query " + common);
  CHECK(names_of_options(deepseek_r1(), "helix") ==
        "merge_before_w_uv moe_exchange shared_expert routing " + common);
  CHECK(names_of_options(deepseek_r1(), "dcp") ==
        "merge_before_w_uv exchange query moe_exchange shared_expert routing " + common);
  const auto exchange = [](const Layout& layout) {
    return std::get<std::string>(options_of({.moe_exchange = MoeExchange::AllGather}, deepseek_r1(),
                                            strategy_named("tp"), layout)[0]
                                     .value);
  };
  CHECK(exchange({.tpa = 8, .ep = 8}) == "all_gather");
  CHECK(exchange({.tpa = 8, .tpf = 8}) == "all_reduce");
}

TEST_CASE("attention groups refuse an exchange of one group", "[decode][options]") {
  const Setup setup =
      make_setup(deepseek_r1(), "paper", roomy(), {.moe_exchange = MoeExchange::AllGather});
  Point point{.strategy = &strategy_named("helix"),
              .layout = {.kvp = 4, .dp = 2, .ep = 8},
              .batch = 2,
              .context = 1e5,
              .hop_b = {}};
  const auto fault = fault_of(setup, point);
  REQUIRE(fault);
  CHECK(fault->field == "moe_exchange");
  point.layout = {.kvp = 8, .ep = 8};
  CHECK_FALSE(fault_of(setup, point));
}

TEST_CASE("memory holds what an option repeats", "[decode][options][memory]") {
  // W_UV of 128 x 512 x 128 elements, 15/16 more of it in each of 61 layers; FP4.
  const Point point{.strategy = &strategy_named("helix"),
                    .layout = {.kvp = 16, .tpf = 4, .ep = 4},
                    .batch = 1,
                    .context = 1e5,
                    .hop_b = {}};
  const auto weights = [&](ScheduleOptions options) {
    return memory_use(make_setup(deepseek_r1(), "paper", roomy(), options), point).weights.value();
  };
  CHECK(weights({.merge_before_w_uv = false}) - weights({}) ==
        Approx(61 * 128.0 * 512 * 128 * 15 / 16 * 0.5));
  // A whole shared expert in each of 58 layers in the place of a sixteenth.
  CHECK(weights({.moe_exchange = MoeExchange::DispatchCombine}) - weights({}) ==
        Approx(58 * 3.0 * 7168 * 2048 * 15 / 16 * 0.5));
}

TEST_CASE("values that an option cannot have are answered at its key", "[decode][options]") {
  CHECK_THROWS_WITH(read(R"({"routing": "power_law"})"),
                    Catch::StartsWith("demo.json: /routing: expected uniform, group_limited or "
                                      "power_law:ALPHA with ALPHA above 0 and at most 10, got"));
  CHECK_THROWS_WITH(read(R"({"minimum_shard_columns": -1})"),
                    "demo.json: /minimum_shard_columns: -1 is outside [0, 65536]");
  CHECK_THROWS_WITH(read(R"({"host_us": -1})"),
                    "demo.json: /host_us: -1 is outside [0, 1000000000]");
  CHECK(read(R"({"host_us": 25})").values.host.value() == Approx(25e-6));
  CHECK(read(R"({"routing": "power_law:1.2"})").values.routing.alpha == 1.2);
  CHECK(read(R"({"minimum_shard_columns": 128})").values.minimum_shard_columns == 128);
}

TEST_CASE("an option is refused where model or accounting leave it nothing to do",
          "[decode][options]") {
  CHECK(answer(R"({"routing": "power_law:1"})", llama_405b(), "tp") ==
        "demo.json: /routing: is of use for models with experts only, and llama-3.1-405b has none");
  CHECK(answer(R"({"routing": "group_limited"})", small_mla_moe_model(), "tp") ==
        "demo.json: /routing: group_limited is of use for models with expert groups only, and "
        "small-mla-moe has none");
  const Options host = read(R"({"host_us": 10})");
  CHECK_THROWS_WITH(
      check_options(host.given, host.values, deepseek_r1(), Accounting::Theory),
      "demo.json: /host_us: theory accounting counts lm_head alone at the ends of a step; expected "
      "another fidelity beside it");
}

TEST_CASE("the host's time is added to every step, and to every micro-batch of a pipeline",
          "[decode][options]") {
  const auto seconds = [](const Seconds host, const Layout& layout) {
    const Setup setup = make_setup(llama_405b(), "paper", roomy(), {.host = host});
    const Point point{.strategy = &strategy_named("tp"),
                      .layout = layout,
                      .batch = 4,
                      .context = 1e5,
                      .hop_b = {}};
    return ttl(setup, point).seconds().value();
  };
  const Layout one{.tpa = 8, .tpf = 8};
  CHECK(seconds(Seconds(20e-6), one) - seconds(Seconds(), one) == Approx(20e-6).epsilon(1e-6));
  // Two stages of 63 layers: the last one, with lm_head, is the slowest.
  const Layout two{.tpa = 8, .tpf = 8, .pp = 2};
  CHECK(seconds(Seconds(20e-6), two) - seconds(Seconds(), two) == Approx(40e-6).epsilon(1e-6));
}

TEST_CASE("a shard of an FFN below the kernel's columns is padded, in memory too",
          "[decode][options][memory]") {
  // 53248 / 64 = 832 columns for a minimum of 1024.
  const Point point{.strategy = &strategy_named("tp"),
                    .layout = {.tpa = 64, .tpf = 64},
                    .batch = 1,
                    .context = 1e5,
                    .hop_b = {}};
  const auto weights = [&](int columns) {
    return memory_use(
               make_setup(llama_405b(), "paper", roomy(), {.minimum_shard_columns = columns}),
               point)
        .weights.value();
  };
  CHECK(weights(832) == weights(0));
  CHECK(weights(1024) - weights(0) == Approx(126 * 3.0 * 16384 * (1024 - 832) * 0.5));
}

TEST_CASE("expert groups that EP splits unevenly are refused", "[decode][options]") {
  ModelSpec model = deepseek_r1();
  model.moe.experts = 384;
  const Setup setup =
      make_setup(model, "paper", roomy(), {.routing = {.kind = Routing::Kind::GroupLimited}});
  Point point{.strategy = &strategy_named("helix"),
              .layout = {.kvp = 16, .tpf = 1, .ep = 16},
              .batch = 1,
              .context = 1e5,
              .hop_b = {}};
  CHECK_FALSE(fault_of(setup, point));
  point.layout = {.kvp = 64, .dp = 1, .tpf = 1, .ep = 64};
  CHECK_FALSE(fault_of(setup, point));
  point.strategy = &strategy_named("dp");
  point.layout = {.dp = 12, .tpf = 1, .ep = 12};
  point.batch = 12;
  const auto fault = fault_of(setup, point);
  REQUIRE(fault);
  CHECK(fault->field == "ep");
}

TEST_CASE("all ranks with a second stream take the time of the one that stands for them",
          "[decode][options][rack]") {
  const Setup setup =
      make_setup(deepseek_r1(), "paper", roomy(), {.shared_expert = SharedExpert::SecondStream});
  for (const int pp : {1, 2}) {
    const Point point{.strategy = &strategy_named("helix"),
                      .layout = {.kvp = 4, .tpf = 2, .ep = 2, .pp = pp},
                      .batch = 3,
                      .context = 1e5,
                      .hop_b = {HopBMode::Chunks, 3}};
    Evaluator evaluator(setup);
    const PointResult folded = evaluator.evaluate(point);
    CHECK(RackStep(evaluator, point, {}).result().ttl == folded.ttl);
    RankEffects slow;
    slow.slowdown.assign(static_cast<std::size_t>(4 * pp), 2.0);
    CHECK(RackStep(evaluator, point, {.effects = slow}).result().ttl > folded.ttl);
    check_same(PassEvaluator(setup).evaluate(point), folded);
    double sum = 0.0;
    for (const double seconds : folded.seconds) sum += seconds;
    CHECK(sum == Approx(folded.ttl.seconds().value()).epsilon(1e-9));
  }
}
