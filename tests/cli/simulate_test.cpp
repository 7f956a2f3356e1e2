#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/run_program.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

const std::string kHelix =
    "simulate --model llama-3.1-405b --strategy helix --tpa 8 --kvp 8 --batch 8";

Json simulate(const std::string& arguments) {
  const ProgramRun run = run_helixsim(arguments + " --format json");
  CAPTURE(arguments, run.err);
  REQUIRE(run.status == 0);
  return Json::parse(run.out);
}

const char* const kPointFile = R"({"format": "helixsim/point/1", "model": "llama-3.1-405b",
  "strategy": "helix", "tpa": 8, "kvp": 8, "batch": 8, "hop_b": "best", "weights": ["fp8", "attention=bf16"]})";

}  // namespace

TEST_CASE("JSON gives every key that scripts rely on", "[cli][simulate]") {
  const Json result = simulate(kHelix + " --hop-b best");
  for (const char* key : {"model",
                          "system",
                          "fidelity",
                          "layout",
                          "batch",
                          "context_tokens",
                          "hop_b",
                          "precision",
                          "options",
                          "requests_in_flight",
                          "status",
                          "reason",
                          "ttl_s",
                          "ttl_interval",
                          "tokens_per_second_per_user",
                          "tokens_per_second_per_gpu",
                          "warnings",
                          "memory_per_gpu",
                          "time_by_category_s",
                          "layers",
                          "ends"}) {
    CAPTURE(key);
    CHECK(result.contains(key));
  }
  for (const char* key : {"strategy", "tpa", "kvp", "dp", "tpf", "ep", "pp", "gpus"}) {
    CHECK(result.at("layout").contains(key));
  }
  for (const char* key :
       {"attention", "gemm", "moe", "communication_exposed", "communication_hidden", "other"}) {
    CHECK(result.at("time_by_category_s").contains(key));
  }
  for (const char* key :
       {"name", "kind", "weight_bytes", "kv_bytes", "flops", "group", "payload_bytes", "sent_bytes",
        "duration_s", "start_s", "finish_s", "exposed_s"}) {
    CHECK(result.at("layers").at(0).at("operations").at(0).contains(key));
  }
  CHECK(result.at("status") == "ok");
  CHECK(result.at("reason").is_null());
  CHECK(result.at("layout").at("gpus") == 64);
}

TEST_CASE("measured stands where no fidelity is asked for, and gives an interval",
          "[cli][simulate]") {
  const Json result = simulate(kHelix);
  CHECK(result.at("fidelity") == "measured");
  CHECK(result.at("precision").at("kv") == "fp8");
  const Json& interval = result.at("ttl_interval");
  const double ttl = result.at("ttl_s");
  CHECK(interval.at("confidence") == 0.9);
  CHECK(interval.at("low_s").get<double>() < ttl);
  CHECK(interval.at("high_s").get<double>() > ttl);
  CHECK(interval.at("method") == "bootstrap");
  CHECK(interval.at("parts").size() > 3);
  CHECK(simulate(kHelix).at("ttl_interval") == interval);
  CHECK(simulate(kHelix + " --fidelity paper").at("ttl_interval").is_null());
  CHECK(run_helixsim(kHelix).out.find("with 90 % probability, by the errors of") !=
        std::string::npos);
}

TEST_CASE("operations beyond the measurements are warned of", "[cli][simulate]") {
  const ProgramRun run =
      run_helixsim("simulate --model deepseek-r1 --strategy tp --tpa 8 --batch 1 --context 1M");
  CHECK(run.status == 0);
  CHECK(run.err.find("attention: tokens 1,000,000 is outside of the 2 to 131,072 that were "
                     "measured") != std::string::npos);
  CHECK(run_helixsim("simulate --model deepseek-r1 --strategy tp --tpa 8 --fidelity paper").err ==
        "warning: no measured attention kernel reads a 4-bit KV cache: its speed is assumed\n");
}

TEST_CASE("interactivity, throughput and categories follow from TTL", "[cli][simulate]") {
  const Json result = simulate(kHelix);
  const double ttl = result.at("ttl_s");
  CHECK(result.at("tokens_per_second_per_user").get<double>() == Approx(1 / ttl));
  CHECK(result.at("tokens_per_second_per_gpu").get<double>() == Approx(8 / ttl / 64));
  double sum = 0.0;
  for (const auto& [name, seconds] : result.at("time_by_category_s").items()) {
    if (name != "communication_hidden") sum += seconds.get<double>();
  }
  CHECK(sum == Approx(ttl).epsilon(1e-9));
}

TEST_CASE("a point that does not fit ends with status 3 and says why", "[cli][simulate]") {
  const std::string arguments = "simulate --model llama-3.1-405b --strategy tp --fidelity paper";
  const std::string reason =
      "weights 202.9 GB + KV cache 129 GB = 331.9 GB exceed the usable 171.1 GB of the fullest GPU";
  const ProgramRun table = run_helixsim(arguments);
  CHECK(table.status == 3);
  CHECK_THAT(table.out, Catch::Contains("infeasible: 331.9 GB of 171.1 GB"));
  const ProgramRun run = run_helixsim(arguments + " --format json");
  CHECK(run.status == 3);
  const Json result = Json::parse(run.out);
  CHECK(result.at("status") == "infeasible");
  CHECK(result.at("reason") == reason);
  CHECK(result.at("ttl_s").is_null());
  CHECK(result.at("memory_per_gpu").at("total_bytes").get<double>() >
        result.at("memory_per_gpu").at("usable_bytes"));
}

TEST_CASE("a file holds the same names as the flags, and flags win over it", "[cli][simulate]") {
  const TemporaryFolder folder;
  const std::string file = folder.file("point.json", kPointFile);
  const Json from_file = simulate("simulate " + file);
  CHECK(from_file == simulate(kHelix + " --hop-b best --weights fp8 --weights attention=bf16"));
  const Json changed = simulate("simulate " + file + " --batch 16 --weights fp4");
  CHECK(changed.at("batch") == 16);
  CHECK(changed ==
        simulate(kHelix.substr(0, kHelix.rfind(' ')) + " 16 --hop-b best --weights fp4"));
}

TEST_CASE("an override reaches the point, the model and the system", "[cli][simulate][override]") {
  const TemporaryFolder folder;
  const std::string file = folder.file("point.json", kPointFile);
  CHECK(simulate("simulate " + file + " --set batch=4").at("batch") == 4);
  const Json fast =
      simulate(kHelix + " --set system.gpu.memory.bandwidth.value='16 TB/s' --fidelity ideal");
  const Json base = simulate(kHelix + " --fidelity ideal");
  const auto attention = [](const Json& result) {
    return result.at("time_by_category_s").at("attention").get<double>();
  };
  CHECK(attention(fast) == Approx(attention(base) / 2));
  CHECK(simulate(kHelix + " --set model.name=mine").at("model") == "mine");
}

TEST_CASE("an override without a file changes the point or is refused, and is never lost",
          "[cli][simulate][override]") {
  const ProgramRun run = run_helixsim(kHelix + " --set kv=fp8 --format json");
  if (run.status == 0) {
    CHECK(Json::parse(run.out).at("precision").at("kv") == "fp8");
  } else {
    CHECK(run.status == 2);
    CHECK_THAT(run.err, Catch::Contains("--set kv"));
  }
}

TEST_CASE("a model is a name, a path or a Hugging Face config.json", "[cli][simulate]") {
  const TemporaryFolder folder;
  const std::string config =
      folder.file("config.json", R"({"model_type": "llama", "hidden_size": 16384,
    "intermediate_size": 53248, "num_hidden_layers": 126, "num_attention_heads": 128,
    "num_key_value_heads": 8, "vocab_size": 128256})");
  const std::string layout = " --strategy helix --tpa 8 --kvp 8 --batch 8";
  const double by_name = simulate(kHelix).at("ttl_s");
  CHECK(simulate("simulate --model " + config + layout).at("ttl_s") == by_name);
  CHECK(simulate("simulate --model " HELIXSIM_SOURCE_DIR "/configs/models/llama-3.1-405b.json" +
                 layout)
            .at("ttl_s") == by_name);
}

TEST_CASE("the same run prints the same bytes", "[cli][simulate]") {
  for (const std::string format : {"table", "json", "csv"}) {
    CAPTURE(format);
    const std::string arguments = kHelix + " --hop-b best --format " + format;
    const ProgramRun first = run_helixsim(arguments);
    CHECK(first.status == 0);
    CHECK_FALSE(first.out.empty());
    CHECK(run_helixsim(arguments).out == first.out);
  }
}

TEST_CASE("every row of the CSV has a value for every column", "[cli][simulate]") {
  const ProgramRun run = run_helixsim(kHelix + " --format csv");
  std::istringstream lines(run.out);
  std::string header;
  std::getline(lines, header);
  const auto columns = std::count(header.begin(), header.end(), ',');
  int rows = 0;
  for (std::string line; std::getline(lines, line); ++rows) {
    CAPTURE(line);
    CHECK(std::count(line.begin(), line.end(), ',') == columns);
    CHECK(line.find(",,") == std::string::npos);
  }
  CHECK(rows > 10);
}

TEST_CASE("warnings go to stderr and results to stdout", "[cli][simulate]") {
  const ProgramRun run = run_helixsim(
      "simulate --model llama-3.1-405b --strategy tp --tpa 8 --hop-b best --format json");
  CHECK(run.status == 0);
  CHECK_THAT(run.err, Catch::Contains("warning: hop_b has no effect"));
  CHECK(Json::parse(run.out).at("warnings").size() >= 1);
}

TEST_CASE("sensitivity lists what each resource would save, the largest first",
          "[cli][simulate][sensitivity]") {
  const Json plain = simulate(kHelix);
  CHECK_FALSE(plain.contains("sensitivity"));
  Json result = simulate(kHelix + " --sensitivity");
  const Json rows = result.at("sensitivity");
  REQUIRE(rows.size() == 5);  // one NVL domain whose switches do not block: no NIC, no capacities
  const double ttl = plain.at("ttl_s");
  double before = 1.0;
  for (const Json& row : rows) {
    CAPTURE(row.dump());
    const double gain = row.at("gain");
    CHECK(gain <= before);
    CHECK(row.at("ttl_s").get<double>() == Approx(ttl * (1 - gain)));
    before = gain;
  }
  // 1M tokens are read from HBM, mostly.
  CHECK(rows.at(0).at("resource") == "HBM bandwidth + 10 %");
  result.erase("sensitivity");
  CHECK(result == plain);
  const std::string table = run_helixsim(kHelix + " --sensitivity").out;
  for (const Json& row : rows)
    CHECK_THAT(table, Catch::Contains(row.at("resource").get<std::string>()));
}

TEST_CASE("sensitivity says which row a limit leaves out", "[cli][simulate][sensitivity]") {
  const ProgramRun run = run_helixsim(
      kHelix + " --sensitivity --format json --set system.gpu.memory.bandwidth.value='950 TB/s'");
  CAPTURE(run.err);
  CHECK(run.status == 0);
  CHECK_THAT(run.err, Catch::Contains("warning: sensitivity leaves out HBM bandwidth + 10 %: "));
  const Json result = Json::parse(run.out);
  CHECK(result.at("sensitivity").size() == 4);
  CHECK_THAT(result.at("warnings").back().get<std::string>(), Catch::Contains("HBM bandwidth"));
}

TEST_CASE("sensitivity is refused where it would not be printed", "[cli][simulate][sensitivity]") {
  const ProgramRun run = run_helixsim(kHelix + " --sensitivity --format csv");
  CHECK(run.status == 2);
  CHECK(run.out.empty());
  CHECK(run.err ==
        "helixsim: --sensitivity: csv lists operations only; expected --format table or json\n");
}

TEST_CASE("what makes ranks differ changes the step as its flag says", "[cli][simulate][rack]") {
  const std::string moe =
      "simulate --model deepseek-r1 --strategy dp --dp 8 --ep 8 --batch 64 "
      "--context 64k --weights fp4 --kv fp4 --fidelity paper";
  const auto ttl = [](const std::string& arguments) {
    return simulate(arguments).at("ttl_s").get<double>();
  };
  const double even = ttl(kHelix);
  CHECK(ttl(kHelix + " --ranks all") == even);
  CHECK(ttl(kHelix + " --network flows") == Approx(even).epsilon(1e-5));
  CHECK(ttl(kHelix + " --stragglers 3=1.5") > even);
  CHECK(ttl(kHelix + " --jitter 0.2 --seed 3") > even);
  CHECK(ttl(kHelix + " --jitter 0.2 --seed 3") != ttl(kHelix + " --jitter 0.2 --seed 4"));
  CHECK(ttl(kHelix + " --network flows --failed-links gpu3=0.1") > even);
  CHECK(ttl(kHelix + " --network flows --hop-b 4 --share-hbm") >=
        ttl(kHelix + " --network flows --hop-b 4"));
  CHECK(ttl(moe + " --experts sampled --seed 2") != ttl(moe));
  const std::string short_contexts = kHelix + " --context 64k";
  CHECK(ttl(short_contexts + " --kv-append-block 100000") > ttl(short_contexts));
  CHECK(ttl(kHelix + " --context 64k,64k,64k,64k,64k,64k,64k,2M") > 0.0);
  const Json ranks = simulate(kHelix + " --stragglers 3=1.5").at("ranks");
  CHECK(ranks.at("differ") == true);
  CHECK(ranks.at("slowest_rank") == 3);
}

TEST_CASE("a rack that cannot be is refused in one line", "[cli][simulate][rack]") {
  const auto refusal = [](const std::string& arguments) {
    const ProgramRun run = run_helixsim(kHelix + " " + arguments);
    CHECK(run.status == 2);
    return run.err;
  };
  CHECK(refusal("--stragglers 64=2") ==
        "helixsim: --stragglers: rank 64 is outside [0, 63] of the layout\n");
  CHECK(refusal("--network flows --failed-links gpu70=0.5") ==
        "helixsim: --failed-links: gpu70 is outside [gpu0, gpu63] of the layout\n");
  CHECK(refusal("--failed-links gpu3=0.5") ==
        "helixsim: --failed-links: closed forms know no single link; expected network flows beside "
        "it\n");
  CHECK(refusal("--share-hbm") ==
        "helixsim: --share-hbm: closed forms share no HBM; expected network flows beside it\n");
  CHECK_THAT(refusal("--network flows --failed-links gpu3=0.5 --failed-links gpu3.egress=0.5"),
             Catch::Contains("gpu3.egress is named twice"));
  CHECK_THAT(refusal("--stragglers 3=1.5 --stragglers 3=2"),
             Catch::Contains("rank 3 is named twice"));
  CHECK_THAT(refusal("--trace ''"), Catch::Contains("--trace: expected a file"));
  CHECK_THAT(refusal("--dot ''"), Catch::Contains("--dot: expected a file"));
  CHECK_THAT(refusal("--trace a.json --dot a.json"), Catch::Contains("--dot: a.json is the trace"));
  CHECK_THAT(refusal("--trace a.json --dot ./a.json"),
             Catch::Contains("--dot: ./a.json is the trace"));
  CHECK(refusal("--jitter nan") == "helixsim: --jitter: expected a number, got \"nan\"\n");
  CHECK(refusal("--jitter inf") == "helixsim: --jitter: expected a number, got \"inf\"\n");
  CHECK(refusal("--jitter 1e999") == "helixsim: --jitter: expected a number, got \"1e999\"\n");
  CHECK(refusal("--jitter 11") == "helixsim: --jitter: 11.0 is outside [0, 10]\n");
  CHECK_THAT(refusal("--stragglers 3=nan"), Catch::Contains("--stragglers: nan is outside"));
  CHECK_THAT(refusal("--experts sample"), Catch::Contains("did you mean \"sampled\"?"));
  CHECK_THAT(refusal("--ranks every"), Catch::Contains("--ranks: unknown name \"every\""));
  CHECK_THAT(refusal("--network flow"), Catch::Contains("did you mean \"flows\"?"));
  CHECK_THAT(refusal("--kv-append-block 0"), Catch::Contains("--kv-append-block: 0 is outside"));
  CHECK_THAT(refusal("--context 64k,1M"), Catch::Contains("2 contexts for 8 requests"));
}

TEST_CASE("drawn experts of a model without experts are a warning", "[cli][simulate][rack]") {
  const ProgramRun run = run_helixsim(kHelix + " --experts sampled");
  CHECK(run.status == 0);
  CHECK_THAT(run.err,
             Catch::Contains("warning: experts has no effect: model llama-3.1-405b has none\n"));
}

TEST_CASE("the graph of a rank is written beside the report", "[cli][simulate][dot]") {
  const TemporaryFolder folder;
  const ProgramRun run = run_helixsim(kHelix + " --dot step.dot", folder.path());
  CAPTURE(run.err);
  CHECK(run.status == 0);
  CHECK(run.out == run_helixsim(kHelix).out);
  CHECK_THAT(run.err, Catch::Contains("dot: step.dot: "));
  const std::string graph = contents(folder.path() / "step.dot");
  CHECK_THAT(graph, Catch::StartsWith("digraph") && Catch::Contains("kvp_all_to_all"));
  const ProgramRun wrong = run_helixsim(kHelix + " --dot missing/step.dot", folder.path());
  CHECK(wrong.status == 2);
  CHECK(wrong.out.empty());
  CHECK_THAT(wrong.err, Catch::StartsWith("helixsim: --dot: missing/step.dot cannot be written"));
}

TEST_CASE("JSON shows the options that the strategy takes for the model", "[cli][simulate]") {
  const Json dcp = simulate(
      "simulate --model deepseek-r1 --strategy dcp --kvp 8 --ep 8 --exchange a2a "
      "--merge-before-w-uv false");
  CHECK(dcp.at("options") == Json{{"overlap_all_reduce", false},
                                  {"all_reduce", "auto"},
                                  {"merge_before_w_uv", false},
                                  {"exchange", "a2a"},
                                  {"query", "all_gather"},
                                  {"moe_exchange", "all_reduce"},
                                  {"shared_expert", "serial"},
                                  {"routing", "uniform"},
                                  {"minimum_shard_columns", 0},
                                  {"host_us", 0}});
  CHECK(simulate(kHelix).at("options") == Json{{"overlap_all_reduce", false},
                                               {"all_reduce", "auto"},
                                               {"minimum_shard_columns", 0},
                                               {"host_us", 0}});
}

TEST_CASE("options that a layout leaves without effect are warned about", "[cli][simulate]") {
  const auto warning = [](const std::string& arguments) {
    const ProgramRun run = run_helixsim("simulate --model deepseek-r1 --batch 8 " + arguments);
    CHECK(run.status == 0);
    return run.err;
  };
  CHECK_THAT(warning("--strategy dcp --kvp 8 --ep 8 --hop-b best"),
             Catch::Contains("hop_b has no effect: exchange ag_rs is not cut, a2a is\n"));
  CHECK_THAT(warning("--strategy helix --kvp 8 --ep 8 --hop-b 2 --merge-before-w-uv false"),
             Catch::Contains("hop_b has no effect: W_UV stands between attention and exchange\n"));
  CHECK_THAT(warning("--strategy helix --kvp 8 --moe-exchange all_gather"),
             Catch::Contains("moe_exchange has no effect: ep 1 leaves the all-reduce\n"));
  CHECK_THAT(warning("--strategy dcp --kvp 8 --ep 8 --hop-b 2 --exchange a2a"),
             !Catch::Contains("hop_b"));
}

TEST_CASE("a preset sets every format, and single flags win over it",
          "[cli][simulate][precision]") {
  const std::string r1 = "simulate --model deepseek-r1 --strategy helix --kvp 16 --ep 4 ";
  const Json preset = simulate(r1 + "--precision deepseek-r1-fp4").at("precision");
  CHECK(preset.at("weights").at("attention") == "bf16");
  CHECK(preset.at("weights").at("routed_experts") == "nvfp4");
  CHECK(preset.at("kv") == "fp8");
  const Json mixed =
      simulate(r1 + "--precision deepseek-r1-fp4 --weights attention=fp4 --kv fp4").at("precision");
  CHECK(mixed.at("weights").at("attention") == "fp4");
  CHECK(mixed.at("weights").at("router") == "bf16");
  CHECK(mixed.at("kv") == "fp4");
  // A preset of the flags wins over all formats of a file.
  const TemporaryFolder folder;
  const std::string file = folder.file(
      "point.json", R"({"format": "helixsim/point/1", "model": "deepseek-r1", "strategy": "helix",
        "kvp": 16, "ep": 4, "weights": "fp8", "kv": "bf16"})");
  CHECK(simulate("simulate " + file + " --precision deepseek-r1-fp4").at("precision") == preset);
}
