#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
using Json = nlohmann::json;

namespace {

constexpr const char* kRows =
    "dtype,m,n,k,latency_us\n"
    "nvfp4,1,512,512,3\nnvfp4,1,512,4096,5\nnvfp4,1,4096,512,3.2\nnvfp4,1,4096,4096,6\n"
    "nvfp4,64,512,512,3\nnvfp4,64,512,4096,5\nnvfp4,64,4096,512,3.3\nnvfp4,64,4096,4096,7\n";

void add_tables(const TemporaryFolder& folder) {
  for (const char* system : {"gb200", "gb300"}) {
    std::filesystem::create_directories(folder.path() / system);
    (void)folder.file(std::string(system) + "/gemm.csv", kRows);
  }
}

}  // namespace

TEST_CASE("validate writes a page, CSV and JSON, and replaces only what it wrote",
          "[cli][validate]") {
  const TemporaryFolder folder;
  add_tables(folder);
  const std::string command = "validate --system gb200_nvl72 --measurements . --out v";
  const ProgramRun run = run_helixsim(command, folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  CHECK(contents(folder.path() / "v/accuracy.csv").starts_with("system,op,dtype,kernel,region,"));
  const Json json = Json::parse(contents(folder.path() / "v/accuracy.json"));
  CHECK(json.at("system") == "gb200_nvl72");
  CHECK(json.at("groups").at(0).at("rows") == 8);
  if (run.err.empty()) {  // else it was built without the chart library, and says so
    const std::string page = contents(folder.path() / "v/validate.html");
    CHECK(page.find("\"op\":\"gemm\",\"dtype\":\"nvfp4\",\"rows\":8") != std::string::npos);
    CHECK(page.find("http-equiv=\"Content-Security-Policy\"") != std::string::npos);
  }
  CHECK(run_helixsim(command, folder.path()).status == 2);
  CHECK(run_helixsim(command + " --overwrite", folder.path()).status == 0);
}

TEST_CASE("a fit's report shows its rows, each judged by a fit to the others", "[cli][calibrate]") {
  const TemporaryFolder folder;
  add_tables(folder);
  const std::string command =
      "calibrate fit --system gb200_nvl72 --measurements . --out my.json --report r";
  const ProgramRun run = run_helixsim(command, folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  const Json json = Json::parse(contents(folder.path() / "r/accuracy.json"));
  CHECK(json.at("system") == "my");
  CHECK(json.at("groups").at(0).at("rows") == 8);
  CHECK(contents(folder.path() / "r/held_out.csv").starts_with("system,family,shape,in_turn,"));
  CHECK(contents(folder.path() / "r/calibration.html").find("8, in turn") != std::string::npos);
  // The laws do not depend on whether a report is asked for.
  const std::string laws = contents(folder.path() / "laws/my.json");
  CHECK(run_helixsim("calibrate fit --system gb200_nvl72 --measurements . --out my.json",
                     folder.path())
            .status == 0);
  CHECK(contents(folder.path() / "laws/my.json") == laws);
  CHECK(run_helixsim(command, folder.path()).status == 2);  // refused before anything is fitted
  CHECK(run_helixsim(command + " --overwrite", folder.path()).status == 0);
  CHECK(run_helixsim("calibrate fit --system gb200_nvl72 --out my.json", folder.path()).status ==
        2);
}

TEST_CASE("validate scores several systems, and all of those with tables", "[cli][validate]") {
  const TemporaryFolder folder;
  add_tables(folder);
  const ProgramRun two = run_helixsim(
      "validate --system gb300_nvl72 --system gb200_nvl72 --measurements . --format json",
      folder.path());
  REQUIRE(two.status == 0);
  const Json json = Json::parse(two.out);
  REQUIRE(json.size() == 2);
  CHECK(json.at(0).at("system") == "gb300_nvl72");
  const ProgramRun all = run_helixsim("validate --system all --measurements .", folder.path());
  CHECK(all.status == 0);
  CHECK(all.out.find("GB200 NVL72, predicted") != std::string::npos);
  CHECK(all.out.find("GB300 NVL72, predicted") != std::string::npos);
  CHECK(run_helixsim("validate --system all --measurements nowhere", folder.path()).status == 2);
}

TEST_CASE("calibrate check reports splits and transfers", "[cli][calibrate]") {
  const TemporaryFolder folder;
  add_tables(folder);
  const ProgramRun run = run_helixsim(
      "calibrate check --system gb200_nvl72 --measurements . --transfer-to gb300_nvl72 "
      "--format json",
      folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  const Json checks = Json::parse(run.out).at("checks");
  REQUIRE(checks.size() == 2);
  CHECK(checks.at(0).at("check") == "unseen (n, k)");
  CHECK(checks.at(1).at("check") == "transfer to gb300_nvl72");
  CHECK(checks.at(1).at("rows") == 8);
  const ProgramRun wrong = run_helixsim(
      "calibrate check --system gb200_nvl72 --measurements . --only gem", folder.path());
  CHECK(wrong.status == 2);
  CHECK(wrong.err.find("did you mean \"gemm\"?") != std::string::npos);
}
