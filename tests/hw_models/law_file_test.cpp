#include "hw_models/laws/law_file.hpp"

#include <catch2/catch.hpp>

#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;

namespace {

constexpr LawGpu kGpu{.multiprocessors = 148, .l2_bytes = 126e6};

FittedLaws some_laws() {
  FittedLaws laws{.system = "some_gpu", .software = "a library 1.0", .laws = {}};
  FittedLaw<GemmLaw> gemm{.rows = 10};
  gemm.law.gpu = kGpu;
  gemm.law.fixed = 5.25e-6;
  gemm.law.tile_columns = 64;
  gemm.fits.assign(GemmLaw::parameters().size(), {.log_error = 0.01, .pinned = false});
  gemm.fits[3].pinned = true;
  gemm.low.assign(GemmLaw::coordinates().size(), 0.0);
  gemm.high.assign(GemmLaw::coordinates().size(), 10.0);
  gemm.residuals.push_back(
      ResidualTable({{0, {0.0, 4.0}}, {1, {5.0, 6.0, 8.0}}}, {0.1, 0.2, 0.3, -0.1, -0.2, 0.0}));
  gemm.error = {.median_percent = 1.0, .p90_percent = 4.0, .log_bias = 0.001, .log_sd = 0.02};
  gemm.source = "a table";
  of_law<GemmLaw, FittedLaw>(laws.laws)["gemm/bf16"] = gemm;

  FittedLaw<CollectiveLaw> collective{.rows = 3};
  collective.fits.assign(CollectiveLaw::parameters().size(), {});
  collective.low.assign(CollectiveLaw::coordinates().size(), 1.0);
  collective.high.assign(CollectiveLaw::coordinates().size(), 2.0);
  collective.source = "another table";
  of_law<CollectiveLaw, FittedLaw>(laws.laws)["nccl/all_reduce"] = collective;
  return laws;
}

std::string message_of(const std::string& text) {
  try {
    (void)read_laws(parse_json(text, "laws.json"), kGpu);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = to_json(some_laws());
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("fitted laws that were written and read again predict the same", "[hw_models][laws]") {
  const FittedLaws laws = some_laws();
  const std::string text = to_json(laws);
  const FittedLaws again = read_laws(parse_json(text, "laws.json"), kGpu);
  CHECK(to_json(again) == text);
  const auto* before = laws.find<GemmLaw>("gemm/bf16");
  const auto* after = again.find<GemmLaw>("gemm/bf16");
  REQUIRE(after != nullptr);
  for (const double m : {1.0, 7.0, 300.0}) {
    for (const double n : {32.0, 100.0, 9000.0}) {
      CHECK(after->seconds({m, n, 4096}, true) ==
            Approx(before->seconds({m, n, 4096}, true)).epsilon(1e-5));
    }
  }
  CHECK(after->fits[3].pinned);
  CHECK(again.find<GemmLaw>("gemm/fp8") == nullptr);
  CHECK(again.find<CollectiveLaw>("nccl/all_reduce") != nullptr);
}

TEST_CASE("a data sheet of nothing is refused, and one that is not there stays away",
          "[hw_models][laws]") {
  FittedLaws laws = some_laws();
  CHECK(to_json(laws).find("data_sheet") == std::string::npos);
  laws.data_sheet = {.memory_bandwidth = BytesPerSecond(8e12),
                     .bf16 = FlopsPerSecond(2e15),
                     .fp8 = FlopsPerSecond(4e15),
                     .fp4 = FlopsPerSecond(8e15),
                     .link_bandwidth = BytesPerSecond(9e11)};
  CHECK(message_of(to_json(laws)).empty());
  laws.data_sheet.memory_bandwidth = {};
  CHECK_THAT(message_of(to_json(laws)),
             Catch::Contains("/data_sheet/memory_bandwidth: 0.0 is outside"));
}

TEST_CASE("a shape beyond the measurements knows how far", "[hw_models][laws]") {
  const FittedLaws laws = some_laws();
  const auto* gemm = laws.find<GemmLaw>("gemm/bf16");
  CHECK(gemm->beyond({1, 1024, 1024}).doublings == 0.0);
  CHECK(gemm->beyond({1, 4096, 2048}).doublings == Approx(2.0));
}

TEST_CASE("a file of laws is read in full and written again as it was",
          "[hw_models][laws][conformance]") {
  for (const char* name : {"gb200_nvl72", "gb300_nvl72", "b200_hgx8", "h200_hgx8"}) {
    CAPTURE(name);
    const std::string path =
        HELIXSIM_SOURCE_DIR "/hw_models/systems/laws/" + std::string(name) + ".json";
    const FittedLaws laws = read_laws(read_json_file(path), kGpu);
    CHECK(laws.find<GemmLaw>("gemm/bfloat16") != nullptr);
    CHECK(to_json(laws) == contents(path));
  }
}

TEST_CASE("what is wrong in a file of laws is named", "[hw_models][laws][errors]") {
  CHECK(message_of(changed("helixsim/laws/1", "helixsim/laws/2")).find("/format") !=
        std::string::npos);
  CHECK(
      message_of(changed("\"law\": \"gemm\"", "\"law\": \"gem\"")).find("did you mean \"gemm\"") !=
      std::string::npos);
  CHECK(message_of(changed("\"fixed\"", "\"fxed\"")).find("fixed") != std::string::npos);
  CHECK(message_of(changed("5.25", "-5.25")).find("/fixed/value") != std::string::npos);
  CHECK(message_of(changed("100 200 300", "100 200")).find("expected 6 whole numbers") !=
        std::string::npos);
  CHECK(message_of(changed("[32,64,256]", "[32,256,64]")).find("rise") != std::string::npos);
}
