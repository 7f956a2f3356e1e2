// The laws that come with the program against the tables that they were fitted to: floors that a
// change of a law or of a reader must not fall below. HELIXSIM_MEASUREMENTS holds SYSTEM/OP.csv.

#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

/// The largest median and 90th percentile of absolute errors, in per cent.
struct Floor {
  const char* op;
  const char* dtype;
  double median;
  double p90;
};

constexpr Floor kFloors[] = {
    {"gemm", "nvfp4", 2.5, 8.0},
    {"gemm", "fp8_block", 5.0, 15.0},
    {"gemm", "bfloat16", 7.0, 20.0},
    {"generation_attention", "bfloat16", 4.5, 13.0},
    {"generation_attention", "fp8", 4.5, 13.0},
    {"generation_mla", "bfloat16", 4.2, 15.0},
    {"generation_mla", "fp8", 4.2, 15.0},
    {"moe", "bfloat16", 12.0, 35.0},
    {"moe", "fp8", 12.0, 35.0},
    {"moe", "fp8_block", 12.0, 35.0},
    {"moe", "nvfp4", 12.0, 35.0},
    {"nccl", "all", 5.0, 14.0},
    {"custom_allreduce", "bfloat16", 5.0, 14.0},
    {"deepep_ll", "all", 5.0, 14.0},
};

}  // namespace

TEST_CASE("laws of Blackwell systems meet the tables that they were fitted to",
          "[validation][measured]") {
  if (!std::filesystem::is_directory(HELIXSIM_MEASUREMENTS "/gb200")) {
    std::cout << "skipped: no measurements at " HELIXSIM_MEASUREMENTS "\n";
    return;
  }
  const std::string system = GENERATE("gb200_nvl72", "gb300_nvl72", "b200_hgx8");
  const ProgramRun run = run_helixsim("validate --format json --system " + system +
                                      " --measurements '" HELIXSIM_MEASUREMENTS "'");
  CAPTURE(system, run.err);
  REQUIRE(run.status == 0);
  const Json groups = Json::parse(run.out).at("groups");
  for (const Floor& floor : kFloors) {
    CAPTURE(floor.op, floor.dtype);
    int found = 0;
    for (const Json& group : groups) {
      if (group.at("op") != floor.op || group.at("dtype") != floor.dtype) continue;
      if (group.at("kernel") != "all" || group.at("region") != "all") continue;
      ++found;
      CHECK(group.at("rows") > 0);
      CHECK(group.at("median_ape_percent") <= floor.median);
      CHECK(group.at("p90_ape_percent") <= floor.p90);
    }
    CHECK(found == 1);
  }
}
