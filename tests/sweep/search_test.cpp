#include "sim/sweep/search.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <tuple>

#include "sim/config/config_error.hpp"
#include "sim/decode/evaluator.hpp"
#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

/// Llama on 8 or 64 GPUs: some points do not fit, some batches do not divide, some chunk counts are
/// too large.
const char* const kSpace = R"({
  "format": "helixsim/search_space/1", "contexts": ["128k", "1M"], "gpus": [8, 64],
  "strategies": {"tp": {}, "dp": {}, "helix": {}}, "batch": [1, 2, 3, 4, 8, 64], "hop_b": ["off", 2, "best"]})";

/// Widths of kSpace that multiply, counted by hand. On 2^N GPUs tp has t + p = N with t + 1 splits
/// into tpf x ep, so 1 + .. + (N + 1); dp and helix have n + 1 ways for the two attention widths
/// times n + 1 splits, n = 0 .. N.
constexpr long long kCombinations =
    (10 + 28) + 2 * ((1 + 4 + 9 + 16) + (1 + 4 + 9 + 16 + 25 + 36 + 49));
constexpr long long kPointsOfCombination = 6 * 3;

std::string line_of(const Point& point) {
  return std::string(point.strategy->name) + " " + to_text(point.layout) + ", batch " +
         std::to_string(point.batch) + ", " + to_text(point.hop_b) + ", " +
         std::to_string(static_cast<long long>(point.context)) + "\n";
}

/// A stream of all points into `text`, and how often it was written to.
PointStream stream_into(std::string& text) {
  return {.format =
              [](const Point& point, const PointResult& result, std::string& out) {
                out += (result.feasible() ? "ok " : "no ") + line_of(point);
              },
          .write = [&text](std::string_view more) { text += more; }};
}

SearchOptions options_of(unsigned threads, const PointStream* stream = nullptr) {
  SearchOptions options;
  options.threads = threads;
  options.stream = stream;
  return options;
}

bool same(const SearchResult& a, const SearchResult& b) {
  if (a.contexts.size() != b.contexts.size()) return false;
  for (std::size_t c = 0; c < a.contexts.size(); ++c) {
    const auto key = [](const Record& r) {
      return std::tuple(r.layout, r.batch, r.hop_b.mode, r.hop_b.chunks, r.chunks, r.repeats,
                        r.ttl_ps);
    };
    const auto& left = a.contexts[c].records;
    const auto& right = b.contexts[c].records;
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (key(left[i]) != key(right[i])) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("a search gives the same records, counts and stream for any number of threads",
          "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  std::string expected_text;
  PointStream expected_stream = stream_into(expected_text);
  const SearchResult expected =
      run_search(study.space, study.setup, options_of(1, &expected_stream));
  const unsigned threads = GENERATE(2U, 5U);
  CAPTURE(threads);
  std::string text;
  PointStream stream = stream_into(text);
  const SearchResult result = run_search(study.space, study.setup, options_of(threads, &stream));
  CHECK(same(result, expected));
  CHECK(text == expected_text);
  CHECK(result.counts().simulated == expected.counts().simulated);
  CHECK(result.counts().invalid == expected.counts().invalid);
  CHECK_FALSE(result.interrupted);
}

TEST_CASE("every combination is simulated, infeasible or invalid", "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  const StudyResult result = run(study);
  REQUIRE(result.search.contexts.size() == 2);
  for (const ContextResult& context : result.search.contexts) {
    const SearchCounts& counts = context.counts;
    CHECK(counts.simulated + counts.infeasible() + counts.invalid ==
          kCombinations * kPointsOfCombination);
    CHECK(counts.simulated == static_cast<long long>(context.records.size()));
    // Llama's 203 GB of FP4 weights fit 8 GPUs of 186 GB in any layout that shards the FFN, but dp
    // copies no attention weights enough to fail either: whatever is infeasible here is so for its
    // KV cache.
    CHECK(counts.infeasible_weights == 0);
    CHECK(counts.infeasible_kv_cache > 0);
  }
  CHECK(result.search.counts().simulated ==
        result.search.contexts[0].counts.simulated + result.search.contexts[1].counts.simulated);
}

TEST_CASE("records are the feasible points of plain loops, with their times", "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  const StudyResult result = run(study);
  for (std::size_t c = 0; c < 2; ++c) {
    const ContextResult& context = result.search.contexts[c];
    std::map<std::string, std::int64_t> expected;
    for (const Evaluated& one : every_point(study, context.context))
      expected[line_of(one.point)] = one.result.ttl.picoseconds();
    std::map<std::string, std::int64_t> found;
    for (const Record& record : context.records)
      found[line_of(point_of(result.search.grid, context.context, record))] = record.ttl_ps;
    CHECK(found.size() == context.records.size());
    CHECK(found == expected);
  }
}

TEST_CASE("a stream holds simulated and infeasible points by context, layout, batch and HOP-B",
          "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  std::string text;
  const PointStream stream = stream_into(text);
  const SearchResult result = run_search(study.space, study.setup, options_of(3, &stream));
  std::string expected;
  Evaluator evaluator(study.setup);
  for (const double context : study.space.contexts) {
    for (const GridLayout& row : result.grid.layouts) {
      for (const int batch : study.space.batches) {
        for (const HopB& hop_b : study.space.hop_bs) {
          const Point point{row.strategy, row.layout, batch, context, hop_b};
          if (fault_of(study.setup, point)) continue;
          expected += (evaluator.evaluate(point).feasible() ? "ok " : "no ") + line_of(point);
        }
      }
    }
  }
  CHECK(text == expected);
}

TEST_CASE("exactly the records that ran an earlier schedule again are marked as repeats",
          "[sweep][search]") {
  // Modes in order off, 2, best. Only helix with KVP > 1 has an exchange to hide: there 2 chunks
  // differ from off, and best repeats when it comes to 1 (off) or 2. Everywhere else all modes are
  // one schedule.
  const Study study = study_of("deepseek-r1", R"({
    "format": "helixsim/search_space/1", "contexts": ["1M"], "gpus": [64],
    "strategies": {"tp": {"pp": [1, 4]}, "helix": {"pp": [1, 4]}}, "batch": [1, 2, 8, 64],
    "hop_b": ["off", 2, "best"]})",
                               {}, "ideal");
  const StudyResult result = run(study);
  const ContextResult& context = result.search.contexts[0];
  int best_of_its_own = 0;
  for (const Record& record : context.records) {
    const Point point = point_of(result.search.grid, context.context, record);
    CAPTURE(line_of(point), record.chunks);
    const bool hides = point.strategy->name == "helix" && point.layout.kvp > 1;
    bool expected = false;
    if (record.hop_b.mode == HopBMode::Chunks) expected = !hides;
    if (record.hop_b.mode == HopBMode::Best) expected = !hides || record.chunks <= 2;
    CHECK(record.repeats == expected);
    if (record.hop_b.mode == HopBMode::Best && !record.repeats) ++best_of_its_own;
  }
  CHECK(best_of_its_own > 0);
}

TEST_CASE("a stop before the first point ends a search without any", "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  const std::atomic<bool> stop{true};
  SearchOptions options = options_of(2);
  options.stop = &stop;
  const SearchResult result = run_search(study.space, study.setup, options);
  CHECK(result.interrupted);
  CHECK(result.counts().simulated == 0);
}

TEST_CASE("a stop in the middle ends a search early", "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  std::atomic<bool> stop{false};
  int reports = 0;
  SearchOptions options = options_of(1);
  options.progress = [&](long long, long long) { stop = ++reports == 3; };
  options.stop = &stop;
  const SearchResult result = run_search(study.space, study.setup, options);
  CHECK(result.interrupted);
  CHECK(reports == 3);
  // One report a layout, with all its contexts: nothing of a fourth layout was begun.
  for (const ContextResult& context : result.contexts) {
    for (const Record& record : context.records) CHECK(record.layout < 3);
  }
}

TEST_CASE("progress rises to the number of points of the grid", "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  long long last = 0;
  long long whole = 0;
  bool rises = true;
  SearchOptions options = options_of(3);
  options.progress = [&](long long done, long long total) {
    rises = rises && done > last;
    last = done;
    whole = total;
  };
  const SearchResult result = run_search(study.space, study.setup, options);
  CHECK(rises);
  CHECK(last == whole);
  CHECK(whole == 2 * static_cast<long long>(result.grid.layouts.size()) * kPointsOfCombination);
}

TEST_CASE("a failing stream ends a search with its error", "[sweep][search]") {
  const Study study = study_of("llama-3.1-405b", kSpace);
  std::string text;
  PointStream stream = stream_into(text);
  stream.write = [](std::string_view) { throw ConfigError("the disk is full"); };
  const unsigned threads = GENERATE(1U, 4U);
  CHECK_THROWS_WITH(run_search(study.space, study.setup, options_of(threads, &stream)),
                    "the disk is full");
}

TEST_CASE("a search of more than a hundred million points is refused", "[sweep][search]") {
  // tp on 64 GPUs has 7 layouts of Llama (pp = 1 .. 64): 7 * 1,500 contexts .. too few; 1,000
  // contexts * 7 * 100,000 batches * 2 modes = 1.4e9.
  std::string contexts;
  for (int i = 1; i <= 1000; ++i) contexts += (i > 1 ? ", " : "") + std::to_string(i);
  const Study study = study_of("llama-3.1-405b",
                               R"({"format": "helixsim/search_space/1", "contexts": [)" + contexts +
                                   R"(], "gpus": [64], "strategies": {"tp": {}},
                                                        "batch": [1, 2, "..", 100000], "hop_b": ["off", "best"]})");
  CHECK_THROWS_WITH(run(study),
                    "the search space has more than 100,000,000 points; narrow its lists");
}
