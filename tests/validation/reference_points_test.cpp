// Exact work and ideal times of 20 layouts, made by an independent program
// (tests/reference/README.md).

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/config/json_file.hpp"
#include "tests/support/run_program.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

const std::vector<Json>& points() {
  static const std::vector<Json> kPoints =
      read_json_file(HELIXSIM_SOURCE_DIR "/tests/reference/points.json").json().at("points");
  return kPoints;
}

Json simulate(const Json& point, const std::string& more) {
  static const std::map<std::string, std::string> kModels{{"Llama-3.1-405B", "llama-3.1-405b"},
                                                          {"DeepSeek-R1", "deepseek-r1"}};
  const Json& config = point.at("config");
  std::string arguments = "simulate --fidelity ideal --format json --model " +
                          kModels.at(point.at("model").get<std::string>()) + " --strategy " +
                          config.at("fam").get<std::string>() + " --batch " +
                          std::to_string(point.at("batch_per_microbatch").get<int>()) +
                          " --context 1000000 " + more;
  for (const std::string width : {"tpa", "kvp", "dp", "tpf", "ep", "pp"}) {
    arguments += " --" + width + " " + std::to_string(config.at(width).get<int>());
  }
  const ProgramRun run = run_helixsim(arguments);
  CAPTURE(arguments, run.err);
  REQUIRE(run.status == 0);
  return Json::parse(run.out);
}

const Json& operation_named(const Json& operations, const std::string& name) {
  for (const Json& op : operations) {
    if (op.at("name") == name) return op;
  }
  FAIL("no operation " << name);
  return operations;
}

/// Every count that the reference gives for an operation, to 1e-9.
void check_counts(const Json& ours, const Json& reference) {
  const std::pair<const char*, const char*> fields[] = {
      {"weight_bytes", "weight_bytes"},
      {"kv_bytes", "kv_bytes"},
      {"flops", "flops"},
      {"group", "group"},
      {"payload_bytes", "payload_bytes"},
      {"sent_bytes", "sent_bytes_per_gpu"},
      {"sent_bytes", "nvls_bytes_per_gpu"},
      {"active_experts", "active_experts_mean_per_ep_rank"}};
  for (const auto& [our_key, key] : fields) {
    if (!reference.contains(key)) continue;
    CAPTURE(key);
    CHECK(ours.at(our_key).get<double>() == Approx(reference.at(key).get<double>()).epsilon(1e-9));
  }
  if (reference.contains("t_ideal_s")) {
    // Durations are whole picoseconds.
    CHECK(ours.at("duration_s").get<double>() ==
          Approx(reference.at("t_ideal_s").get<double>()).epsilon(1e-9).margin(0.6e-12));
  }
}

const Json& point_of_turn() {
  const auto index = GENERATE(range(0, 20));
  return points().at(static_cast<std::size_t>(index));
}

}  // namespace

TEST_CASE("there are 20 reference points, and every strategy is among them",
          "[validation][reference]") {
  CHECK(points().size() == 20);
  std::map<std::string, int> families;
  for (const Json& point : points()) ++families[point.at("config").at("fam").get<std::string>()];
  CHECK(families.size() == 4);
}

TEST_CASE("every operation does the work of the reference", "[validation][reference]") {
  const Json& point = point_of_turn();
  CAPTURE(point.at("id").get<std::string>());
  const Json ours = simulate(point, "--hop-b off");
  for (const Json& layer : ours.at("layers")) {
    const auto kind = layer.at("kind").get<std::string>();
    CAPTURE(kind);
    CHECK(layer.at("count") == point.at("layer_counts").at(kind + "_ffn"));
    for (const std::string& block : {std::string("attention_block"), kind + "_ffn"}) {
      for (const Json& reference : point.at("per_layer_ops").at(block)) {
        const auto name = reference.at("name").get<std::string>();
        CAPTURE(name);
        check_counts(operation_named(layer.at("operations"), name), reference);
      }
    }
  }
  check_counts(operation_named(ours.at("ends"), "lm_head"), point.at("lm_head"));
}

TEST_CASE("no operation reads, computes or sends more than the reference lists",
          "[validation][reference]") {
  const Json& point = point_of_turn();
  CAPTURE(point.at("id").get<std::string>());
  const Json ours = simulate(point, "--hop-b off");
  for (const Json& layer : ours.at("layers")) {
    const auto kind = layer.at("kind").get<std::string>();
    for (const char* field : {"weight_bytes", "kv_bytes", "flops", "payload_bytes"}) {
      CAPTURE(kind, field);
      double sum = 0.0;
      double reference = 0.0;
      for (const Json& op : layer.at("operations")) sum += op.at(field).get<double>();
      for (const std::string& block : {std::string("attention_block"), kind + "_ffn"}) {
        for (const Json& op : point.at("per_layer_ops").at(block))
          reference += op.value(field, 0.0);
      }
      CHECK(sum == Approx(reference).epsilon(1e-9));
    }
  }
}

TEST_CASE("a two-shot all-reduce sends what the reference says", "[validation][reference]") {
  const Json& point = point_of_turn();
  CAPTURE(point.at("id").get<std::string>());
  const Json ours = simulate(point, "--hop-b off --all-reduce two_shot");
  for (const Json& layer : ours.at("layers")) {
    for (const std::string& block :
         {std::string("attention_block"), layer.at("kind").get<std::string>() + "_ffn"}) {
      for (const Json& reference : point.at("per_layer_ops").at(block)) {
        if (!reference.contains("ring_or_twoshot_bytes_per_gpu")) continue;
        const Json& op =
            operation_named(layer.at("operations"), reference.at("name").get<std::string>());
        CHECK(op.at("sent_bytes").get<double>() ==
              Approx(reference.at("ring_or_twoshot_bytes_per_gpu").get<double>()).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("memory, TTL and requests in flight are those of the reference",
          "[validation][reference]") {
  const Json& point = point_of_turn();
  CAPTURE(point.at("id").get<std::string>());
  const Json ours = simulate(point, "--hop-b off");
  const Json& memory = ours.at("memory_per_gpu");
  const Json& reference = point.at("memory_per_gpu");
  const auto close = [](const Json& value) { return Approx(value.get<double>()).epsilon(1e-9); };
  CHECK(memory.at("weights_bytes").get<double>() == close(reference.at("weight_bytes")));
  CHECK(memory.at("kv_bytes").get<double>() == close(reference.at("kv_bytes")));
  CHECK(memory.at("total_bytes").get<double>() == close(reference.at("total_bytes")));
  CHECK(memory.at("usable_bytes").get<double>() == Approx(0.92 * 186e9));
  CHECK(ours.at("requests_in_flight") == point.at("concurrent_requests"));
  CHECK(ours.at("layout").at("gpus") == point.at("config").at("N"));
  CHECK(ours.at("ttl_s").get<double>() ==
        Approx(point.at("ttl_ideal_hopb_off_s").get<double>()).epsilon(1e-6));
}

TEST_CASE("request by request overlap gives the reference's TTL",
          "[validation][reference][hop_b]") {
  const Json& point = point_of_turn();
  CAPTURE(point.at("id").get<std::string>());
  const int requests =
      point.at("batch_per_microbatch").get<int>() / point.at("config").at("dp").get<int>();
  const Json ours = simulate(point, "--hop-b " + std::to_string(requests));
  CHECK(ours.at("ttl_s").get<double>() ==
        Approx(point.at("ttl_ideal_hopb_pipe_s").get<double>()).epsilon(1e-6));
}
