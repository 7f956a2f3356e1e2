#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/record_line.hpp"
#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;

namespace {

/// A record with a made-up time.
std::string record(const std::string& kernel, const std::string& variant, const std::string& shape,
                   double us) {
  return RecordLine{.kernel = kernel, .shape = shape, .us = us, .variant = variant}.text();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string layer(const std::string& pdl) {
  return record("rank_layer", "gqa_dense_bf16",
                R"("b":8,"s":16384,"h":16384,"qh":16,"kvh":1,"kvp":8,"tpa":8,"f":832,"split":16,)"
                R"("exchange":0,"pdl":)" +
                    pdl,
                99.0);
}
std::string hop_b(const std::string& chunks) {
  return record(
      "hop_b", "sm_copy",
      R"("b":8,"s":16384,"kvh":1,"g":16,"copy":4096,"ctas":8,"rate":100,"chunks":)" + chunks, 80.0);
}

}  // namespace

TEST_CASE("calibrate layers says what is measured and which laws are missing", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", layer("1") + layer("0") + hop_b("2") + hop_b("1") +
                                    record("throttled_copy", "loads",
                                           R"("bytes":4096,"ctas":8,"rate":100)", 9.0));
  const std::string command = "calibrate layers --records my.jsonl --system h200_hgx8";
  const ProgramRun run = run_helixsim(command, folder.path());
  CAPTURE(run.err);
  REQUIRE(run.status == 0);
  for (const std::string& line : lines_of(run.out)) CHECK(line.size() <= 80);
  const auto at = [&](const std::string& text) { return run.out.find(text); };
  CHECK(at("gqa_dense_bf16 TPA8 KVP8 B8 S16,384 ") <
        at("gqa_dense_bf16 TPA8 KVP8 B8 S16,384, PDL"));
  CHECK(at("own/rms_norm/bf16") != std::string::npos);
  CHECK(at("S16,384 chunks 1 copy 0.0041 MB") < at("S16,384 chunks 2 copy 0.0041 MB"));
  CHECK(at("throttled_copy") != std::string::npos);  // of half the bytes
  const auto csv = lines_of(run_helixsim(command + " --format csv", folder.path()).out);
  REQUIRE(csv.size() == 5);
  CHECK(csv[1].starts_with(R"("{""kernel"":""rank_layer"",)"));  // quotes within a cell are doubled
  CHECK(run_helixsim(command + " --format json", folder.path()).out.find("\"missing\"") !=
        std::string::npos);
}

TEST_CASE("calibrate layers without whole layers is an error in one line", "[cli][calibrate]") {
  const TemporaryFolder folder;
  (void)folder.file("my.jsonl", record("stream_read", "loads", R"("bytes":4096,"ctas":0)", 2.0));
  const ProgramRun run =
      run_helixsim("calibrate layers --records my.jsonl --system h200_hgx8", folder.path());
  CHECK(run.status == 2);
  CHECK(lines_of(run.err).size() == 1);
  CHECK(run.err.find("no whole layer") != std::string::npos);
}
