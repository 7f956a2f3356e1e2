#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/run_program.hpp"

using namespace helixsim;

namespace {

const std::string kSystems = HELIXSIM_SOURCE_DIR "/hw_models/systems/";
const std::string kHelix = "simulate --model llama-3.1-405b --strategy helix ";

/// Runs wrong input and gives its one line of stderr; status 2 and an empty stdout go with it.
std::string message(const std::string& arguments,
                    const std::filesystem::path& folder = std::filesystem::temp_directory_path()) {
  const ProgramRun run = run_helixsim(arguments, folder);
  CAPTURE(arguments, run.err);
  CHECK(run.status == 2);
  CHECK(run.out.empty());
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
  return run.err.substr(0, run.err.find('\n'));
}

}  // namespace

TEST_CASE("wrong flags are answered in one line with the nearest flag or the way to help",
          "[cli][errors]") {
  CHECK(message(kHelix + "--tpaa 3") ==
        "helixsim: unknown argument \"--tpaa\"; did you mean \"--tpa\"?");
  CHECK_THAT(message(kHelix + "--tpa x"),
             Catch::StartsWith("helixsim: ") && Catch::Contains("--tpa"));
  CHECK_THAT(message(kHelix + "--tpa 1.5"), Catch::Contains("--tpa"));
  CHECK_THAT(message(kHelix + "--tpa 99999999999999999999"), Catch::Contains("tpa"));
  CHECK_THAT(message(kHelix + "--tpa"), Catch::Contains("--tpa"));
  CHECK_THAT(message(""), Catch::Contains("--help"));
}

TEST_CASE("an unknown command is named", "[cli][errors]") {
  CHECK(message("simulat --model llama-3.1-405b") ==
        "helixsim: unknown command \"simulat\"; did you mean \"simulate\"?");
  CHECK(message("calibrate fti") == "helixsim: unknown command \"fti\"; did you mean \"fit\"?");
}

TEST_CASE("mistakes below calibrate name the flags and the help of the command that was typed",
          "[cli][errors]") {
  CHECK(message("calibrate run --out r.jsonl --budgt 3") ==
        "helixsim: unknown argument \"--budgt\"; did you mean \"--budget\"?");
  CHECK(message("calibrate run") ==
        "helixsim: --out is required; see helixsim calibrate run --help");
  CHECK_THAT(message("calibrate"), Catch::EndsWith("; see helixsim calibrate --help"));
}

TEST_CASE("wrong values of flags are answered at the flag", "[cli][errors]") {
  const std::pair<std::string, std::string> cases[] = {
      {"simulate --model lama-3.1-405b --strategy tp",
       "--model: no \"lama-3.1-405b\" in configs/models; did you mean \"llama-3.1-405b\"?"},
      {"simulate --model llama-3.1-405b --strategy helx",
       "--strategy: unknown name \"helx\"; did you mean \"helix\"?"},
      {"simulate --model llama-3.1-405b", "--strategy: is missing"},
      {kHelix + "--fidelity papers",
       kSystems + "gb200_nvl72.json: /fidelities: no fidelity \"papers\"; did you mean \"paper\"?"},
      {kHelix + "--system gb200_nvl27",
       "--system: no \"gb200_nvl27\" in hw_models/systems; did you mean \"gb200_nvl72\"?"},
      {kHelix + "--format yaml",
       "--format: unknown format \"yaml\"; expected one of table, json, csv"},
      {kHelix + "--tpa 0", "--tpa: 0 is outside [1, "},
      {kHelix + "--tpa -1", "--tpa: -1 is outside [1, "},
      {kHelix + "--tpa 16 --kvp 4", "--tpa: 16 is outside [1, 8]; the model has 8 KV heads"},
      {kHelix + "--tpa 8 --kvp 8 --tpf 32",
       "--tpf: tpf * ep = 32 * 1 = 32, expected tpa * kvp = 64"},
      {kHelix + "--tpa 8 --kvp 16", "--kvp: the layout has 128 GPUs, the system has 72"},
      {"simulate --model llama-3.1-405b --system gb200_nvl72_x2 --strategy tp --tpa 128 --pp 2",
       "--tpa: the layout has 256 GPUs, the system has 144"},
      {"simulate --model llama-3.1-405b --strategy dp --tpa 8 --dp 4 --batch 6",
       "--batch: 6 is not divisible by dp = 4"},
      {kHelix + "--tpa 8 --kvp 8 --batch 4 --hop-b 5",
       "--hop-b: 5 is outside [1, 4]; an attention group holds 4 requests"},
      {kHelix + "--hop-b besst",
       "--hop-b: expected a chunk count, off, best, device_initiated, figure3, "
       "figure3_lockstep, got "
       "\"besst\"; did you mean \"best\"?"},
      {kHelix + "--context lots",
       "--context: expected a count of tokens, such as 1000000 or \"1M\", got \"lots\""},
      {kHelix + "--context 0", "--context: \"0\" is outside [1, 1e12]"},
      {kHelix + "--context 1e30", "--context: \"1e30\" is outside [1, 1e12]"},
      {kHelix + "--weights fp9", "--weights: unknown precision \"fp9\"; did you mean \"fp8\"?"},
      {kHelix + "--kv fp9", "--kv: unknown precision \"fp9\"; did you mean \"fp8\"?"},
      {kHelix + "--precision llama-405b-fp5",
       "--precision: no \"llama-405b-fp5\" in configs/precision; did you mean \"llama-405b-fp"},
      {kHelix + "--routing power_law:1",
       "--routing: is of use for models with experts only, and llama-3.1-405b has none"},
      {"simulate --model deepseek-r1 --strategy helix --kvp 8 --ep 8 --routing zipf",
       "--routing: expected uniform, group_limited or power_law:ALPHA"},
      {"simulate --model deepseek-r1 --strategy helix --kvp 8 --ep 8 --routing power_law:1 "
       "--experts sampled",
       "experts: sampled draws them uniformly; expected routing uniform beside it"},
      {kHelix + "--host-us 10 --fidelity ideal",
       "--host-us: theory accounting counts lm_head alone"},
      {kHelix + "--minimum-shard-columns -1", "--minimum-shard-columns: -1 is outside [0, 65536]"},
      {kHelix + "--shared-expert second_stream",
       "--shared-expert: is of use for models with a shared expert only, and llama-3.1-405b has "
       "none"},
      {kHelix + "--exchange a2a", "--exchange: strategy helix does not take it; expected dcp"},
      {"simulate --model llama-3.1-405b --strategy dcp --query all",
       "--query: unknown name \"all\"; did you mean \"all_gather\"?"},
      {kHelix + "--moe-exchange all_gather",
       "--moe-exchange: is of use for models with experts only, and llama-3.1-405b has none"},
      {"simulate --model deepseek-r1 --strategy helix --kvp 8 --dp 2 --ep 16 --batch 2 "
       "--moe-exchange all_gather",
       "--moe-exchange: all_gather is of one group of requests"},
      {"simulate --model deepseek-r1 --strategy medha --kvp 8 --merge-before-w-uv false",
       "--merge-before-w-uv: strategy medha does not take it; expected helix or dcp"},
      {kHelix + "--all-reduce rings",
       "--all-reduce: unknown name \"rings\"; did you mean \"ring\"?"}};
  for (const auto& [arguments, expected] : cases) {
    CAPTURE(arguments);
    CHECK_THAT(message(arguments), Catch::StartsWith("helixsim: " + expected));
  }
}

TEST_CASE("wrong files are answered with their name and what is wrong", "[cli][errors]") {
  const TemporaryFolder folder;
  const std::string good =
      R"("format": "helixsim/point/1", "model": "llama-3.1-405b", "strategy": "helix")";
  (void)folder.file("unknown_key.json", "{" + good + ", \"batchh\": 4}");
  (void)folder.file("twice.json", "{" + good + ", \"tpa\": 4, \"tpa\": 4}");
  (void)folder.file("type.json", "{" + good + ", \"tpa\": \"4\"}");
  (void)folder.file("format.json", R"({"format": "helixsim/point/2"})");
  (void)folder.file("empty.json", "");
  (void)folder.file("list.json", "[1]");
  (void)folder.file("truncated.json", "{" + good + ", \"tpa\":");
  const std::pair<std::string, std::string> cases[] = {
      {"missing.json", "missing.json: no such file"},
      {".", ".: is a folder, expected a JSON file"},
      {"empty.json", "empty.json: the file is empty"},
      {"list.json", "list.json: expected an object, got [1]"},
      {"unknown_key.json", "unknown_key.json: /batchh: unknown key; did you mean \"batch\"?"},
      {"twice.json", "twice.json: key \"tpa\" appears twice in one object"},
      {"type.json", "type.json: /tpa: expected a number, got \"4\""},
      {"format.json",
       "format.json: /format: expected \"helixsim/point/1\", got \"helixsim/point/2\""},
      {"truncated.json", "truncated.json: parse error at line 1, column "}};
  for (const auto& [file, expected] : cases) {
    CAPTURE(file);
    CHECK_THAT(message("simulate " + file, folder.path()),
               Catch::StartsWith("helixsim: " + expected));
  }
}

TEST_CASE("wrong model and system files are answered the same way", "[cli][errors]") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& option, const std::string& file) {
    return message("simulate --strategy helix " + option + " " + file +
                       (option == "--system" ? " --model llama-3.1-405b" : ""),
                   folder.path());
  };
  std::string system = contents(kSystems + "gb200_nvl72.json");
  const std::string rate = "\"8 TB/s\"";
  system.replace(system.find(rate), rate.size(), "\"8 TB\"");
  (void)folder.file("unit.json", system);
  (void)folder.file("cut.json", system.substr(0, system.size() / 2));
  CHECK(run("--system", "unit.json") ==
        "helixsim: unit.json: /gpu/memory/bandwidth/value: expected a rate with its unit, such as "
        "\"4.8 TB/s\", got "
        "\"8 TB\"");
  CHECK_THAT(run("--system", "cut.json"),
             Catch::StartsWith("helixsim: cut.json: parse error at line "));
  CHECK(run("--system", "missing.json") == "helixsim: missing.json: no such file");
  CHECK(run("--model", "./") == "helixsim: ./: is a folder, expected a JSON file");
  CHECK(run("--model", "unit.json") ==
        "helixsim: unit.json: /format: expected \"helixsim/model/1\", got \"helixsim/system/1\"");
}

TEST_CASE("a wrong override shows the path as it was typed", "[cli][errors][override]") {
  CHECK(message(kHelix + "--set system.gpu.memory.bandwith.value=9") ==
        "helixsim: --set system.gpu.memory.bandwith.value: no key \"bandwith\"; did you mean "
        "\"bandwidth\"?");
  CHECK_THAT(message(kHelix + "--set model.hiden=9"),
             Catch::Contains("llama-3.1-405b.json: /hiden: unknown key; did you mean \"hidden\"?"));
  CHECK_THAT(message(kHelix + "--set nonsense"),
             Catch::StartsWith("helixsim: --set nonsense: expected path=value"));
}

TEST_CASE("the override that a message gives as an example works", "[cli][errors][override]") {
  const std::string text = message(kHelix + "--set nonsense");
  const std::string marker = "such as ";
  REQUIRE(text.find(marker) != std::string::npos);
  const ProgramRun run = run_helixsim(kHelix + "--tpa 8 --kvp 8 --set " +
                                      text.substr(text.find(marker) + marker.size()));
  CAPTURE(text, run.err);
  CHECK(run.status == 0);
}

TEST_CASE("a data folder that is not one is named", "[cli][errors]") {
  const ProgramRun run =
      run_shell("HELIXSIM_DATA=/nowhere helixsim simulate --model x --strategy tp",
                std::filesystem::temp_directory_path());
  CHECK(run.status == 2);
  CHECK(run.err == "helixsim: HELIXSIM_DATA: /nowhere does not hold configs/models\n");
}

TEST_CASE("steps beyond all measure are wrong input, not internal errors", "[cli][errors]") {
  CHECK_THAT(
      message(kHelix + "--tpa 8 --kvp 8 --batch 80 --fidelity paper "
                       "--set system.gpu.compute.fp4.value='1 GFLOP/s' "
                       "--set system.fidelities.paper.kernels.compute_efficiency.value=0.01"),
      Catch::Contains("longer than"));
  const TemporaryFolder folder;
  (void)folder.file("tiny.json",
                    R"({"format": "helixsim/model/1", "name": "tiny", "hidden": 1, "vocabulary": 1,
                               "attention": {"kind": "gqa", "query_heads": 1, "kv_heads": 1, "head_size": 1},
                               "dense_ffn": {"layers": 1, "intermediate": 1}})");
  CHECK_THAT(message("simulate --model ./tiny.json --strategy tp --fidelity ideal --context 1",
                     folder.path()),
             Catch::Contains("less than a picosecond"));
}

TEST_CASE("output that cannot be written is no success", "[cli][errors]") {
  const ProgramRun run =
      run_shell("helixsim list strategies > /dev/full", std::filesystem::temp_directory_path());
  CHECK(run.status == 2);
  CHECK(run.err == "helixsim: standard output cannot be written\n");
}

TEST_CASE("errors and warnings that cannot be written change no exit status", "[cli][errors]") {
  const TemporaryFolder folder;
  const std::string point = "simulate --model llama-3.1-405b --strategy tp --tpa 8 ";
  const std::pair<std::string, int> cases[] = {
      {"simulate --model nope", 2},
      {"simulat", 2},
      {"check missing.json", 2},
      {"replay missing.jsonl", 2},
      {"simulate --model llama-3.1-405b --strategy tp", 3},
      {point + "--hop-b best", 0},  // warns
      {point + "--dot step.dot --trace step.json", 0},
      {"sweep smoke --model llama-3.1-405b --out results", 0},  // tells its progress
      {"list strategies >/dev/full", 2},
  };
  for (const auto& [arguments, status] : cases) {
    CAPTURE(arguments);
    const ProgramRun run = run_shell("helixsim " + arguments + " 2>/dev/full", folder.path());
    CHECK(run.status == status);
  }
}
