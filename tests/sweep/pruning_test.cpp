#include "sim/sweep/pruning.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <tuple>

#include "sim/sweep/frontier.hpp"
#include "tests/support/random.hpp"
#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

SearchResult search(const Study& study, bool prune, unsigned threads = 1) {
  SearchOptions options;
  options.prune = prune;
  options.threads = threads;
  return run_search(study.space, study.setup, options);
}

/// A random search space of a published model: some strategies, GPU counts, batches, contexts and
/// HOP-B modes, on random hardware.
Study random_study(std::uint32_t seed) {
  Random random(seed);
  const std::string model = random.coin() ? "llama-3.1-405b" : "deepseek-r1";
  const std::string fidelity = random.coin() ? "ideal" : "paper";
  std::string strategies;
  for (const StrategyEntry& row : helixsim::strategies()) {
    if (row.name != "helix" && random.between(0, 2) == 0) continue;
    strategies += (strategies.empty() ? "\"" : ", \"") + std::string(row.name) + "\": {}";
  }
  const std::string batches =
      random.pick<std::string>({"[1, 2, 3, \"..\", 64]", "[1, 2, 4, \"..\", 1024]",
                                "[3, 5, 11, 12, 13, 40, 100]", "[8, 16, 24, \"..\", 256]"});
  const std::string modes = random.pick<std::string>(
      {"\"off\"", "\"best\"", "\"off\", \"best\"", "\"off\", 2, \"best\", \"device_initiated\""});
  const std::string contexts =
      random.pick<std::string>({"1000000", "64000, 1000000", "1, 500, 200000, 300000"});
  const std::string gpus =
      random.pick<std::string>({"8, 64", "16, 32", "64", "1, 2, 4, 8, 16, 32"});
  const auto nanoseconds = [&](int most) {
    return std::to_string(random.coin() ? 0 : random.between(0, most)) + " ns";
  };
  const std::string laws = "system.fidelities." + fidelity;
  Study study = study_of(
      model,
      R"({"format": "helixsim/search_space/1", "contexts": [)" + contexts + R"(], "gpus": [)" +
          gpus + R"(], "strategies": {)" + strategies + R"(}, "batch": )" + batches +
          R"(, "hop_b": [)" + modes + "]}",
      {"tp", "dp"}, fidelity,
      {{"system.gpu.memory.bandwidth.value", std::to_string(random.between(1, 12)) + " TB/s"},
       {"system.gpu.compute.fp4.value", std::to_string(random.between(20, 10000)) + " TFLOP/s"},
       {"system.gpu.memory.capacity.value", random.pick<std::string>({"186 GB", "400 GB", "2 TB"})},
       {"system.fabric.link_bandwidth.value", std::to_string(random.between(1, 60)) + " GB/s"},
       {laws + ".kernels.fixed_attention.value", nanoseconds(9000)},
       {laws + ".collectives.all_reduce.value", nanoseconds(9000)},
       {laws + ".collectives.kvp_exchange.value", nanoseconds(9000)}});
  study.setup.options.overlap_all_reduce = random.coin();
  return study;
}

/// What a frontier point is, whatever the place of its record.
using Key =
    std::tuple<std::string, std::string, Layout, int, HopBMode, int, int, std::int64_t, double>;

std::vector<Key> drawn(const Study& study, const SearchResult& result, std::size_t context) {
  std::vector<Key> keys;
  for (const auto& [name, frontier] : drawn_frontiers({&study, result}, context)) {
    for (const FrontierPoint& at : frontier) {
      keys.emplace_back(name, std::string(at.point.strategy->name), at.point.layout, at.point.batch,
                        at.point.hop_b.mode, at.point.hop_b.chunks, at.chunks, at.ttl.picoseconds(),
                        at.throughput);
    }
  }
  return keys;
}

long long points(const SearchCounts& counts) {
  return counts.simulated + counts.infeasible() + counts.invalid + counts.pruned.value_or(0);
}

}  // namespace

TEST_CASE("a pruned search has the frontiers of the whole one", "[sweep][pruning][property]") {
  const auto seed = GENERATE(range(0U, 60U));
  const Study study = random_study(seed);
  CAPTURE(seed, study.request.model, study.request.fidelity);
  const SearchResult whole = search(study, false);
  const SearchResult pruned = search(study, true);
  REQUIRE(whole.contexts.size() == pruned.contexts.size());
  CHECK_FALSE(whole.counts().pruned);
  for (std::size_t c = 0; c < whole.contexts.size(); ++c) {
    CAPTURE(c);
    CHECK(drawn(study, pruned, c) == drawn(study, whole, c));
    const SearchCounts& counts = pruned.contexts[c].counts;
    CHECK(points(counts) == points(whole.contexts[c].counts));
    CHECK(counts.simulated + counts.pruned.value() == whole.contexts[c].counts.simulated);
    CHECK(counts.infeasible_weights == whole.contexts[c].counts.infeasible_weights);
    CHECK(counts.infeasible_kv_cache == whole.contexts[c].counts.infeasible_kv_cache);
  }
}

TEST_CASE("a pruned search of measured kernels, which are not monotone, has the same frontiers",
          "[sweep][pruning][measured]") {
  const char* const space = R"({
    "format": "helixsim/search_space/1", "contexts": ["128k", "1M"], "gpus": [8, 64],
    "strategies": {"tp": {}, "dp": {}, "helix": {}}, "batch": [1, 2, 3, "..", 128],
    "hop_b": ["off", "best"]})";
  const Study study = study_of("deepseek-r1", space, {"tp", "dp"}, "measured");
  const SearchResult whole = search(study, false);
  const SearchResult pruned = search(study, true);
  for (std::size_t c = 0; c < whole.contexts.size(); ++c)
    CHECK(drawn(study, pruned, c) == drawn(study, whole, c));
  CHECK(*pruned.counts().pruned > 0);
  CHECK(pruned.counts().simulated + *pruned.counts().pruned == whole.counts().simulated);
}

TEST_CASE("records of a pruned search are records of the whole one in its order",
          "[sweep][pruning][property]") {
  const auto seed = GENERATE(range(0U, 20U));
  const Study study = random_study(seed);
  CAPTURE(seed);
  const SearchResult whole = search(study, false);
  const SearchResult pruned = search(study, true);
  for (std::size_t c = 0; c < whole.contexts.size(); ++c) {
    auto next = whole.contexts[c].records.begin();
    const auto end = whole.contexts[c].records.end();
    for (const Record& record : pruned.contexts[c].records) {
      next = std::find_if(next, end, [&](const Record& other) {
        return other.layout == record.layout && other.batch == record.batch &&
               other.hop_b == record.hop_b;
      });
      REQUIRE(next != end);
      CHECK(next->ttl_ps == record.ttl_ps);
      CHECK(next->chunks == record.chunks);
      ++next;
    }
  }
}

TEST_CASE("which points are left out does not depend on the number of threads",
          "[sweep][pruning]") {
  const auto seed = GENERATE(range(0U, 8U));
  const Study study = random_study(seed);
  const SearchResult one = search(study, true, 1);
  for (const unsigned threads : {2U, 5U}) {
    CAPTURE(seed, threads);
    const SearchResult many = search(study, true, threads);
    for (std::size_t c = 0; c < one.contexts.size(); ++c) {
      CHECK(many.contexts[c].counts.pruned == one.contexts[c].counts.pruned);
      const auto same = [](const Record& a, const Record& b) {
        return std::tuple(a.layout, a.batch, a.hop_b.mode, a.ttl_ps) ==
               std::tuple(b.layout, b.batch, b.hop_b.mode, b.ttl_ps);
      };
      CHECK(std::equal(one.contexts[c].records.begin(), one.contexts[c].records.end(),
                       many.contexts[c].records.begin(), many.contexts[c].records.end(), same));
    }
  }
}

TEST_CASE("most points of the paper's space are left out, ties of a frontier are not",
          "[sweep][pruning]") {
  // Without HOP-B to run, off and 1 chunk are the same schedule; with KVP = 1 so is every mode: the
  // frontier keeps layouts that tie.
  const Study study = study_of("deepseek-r1", R"({
    "format": "helixsim/search_space/1", "contexts": ["1M"], "gpus": [1, 2, 4, "..", 64],
    "strategies": {"tp": {}, "dp": {}, "helix": {}}, "batch": [1, 2, 3, "..", 128],
    "hop_b": ["off", "best"]})",
                               {"tp", "dp"});
  const SearchResult whole = search(study, false);
  const SearchResult pruned = search(study, true);
  CHECK(drawn(study, pruned, 0) == drawn(study, whole, 0));
  CHECK(pruned.counts().pruned.value() > whole.counts().simulated / 2);
}

TEST_CASE("a pruned search cannot be streamed, and progress reaches all points",
          "[sweep][pruning]") {
  const Study study = random_study(3);
  const PointStream stream{.format = [](const Point&, const PointResult&, std::string&) {},
                           .write = [](std::string_view) {}};
  SearchOptions options;
  options.prune = true;
  options.stream = &stream;
  CHECK_THROWS_AS(run_search(study.space, study.setup, options), std::logic_error);
  options.stream = nullptr;
  long long last = 0;
  long long whole = 0;
  bool rises = true;
  options.progress = [&](long long done, long long total) {
    rises = rises && done >= last && done <= total;
    last = done;
    whole = total;
  };
  (void)run_search(study.space, study.setup, options);
  CHECK(rises);
  CHECK(last == whole);
}

TEST_CASE("equal points of two layouts both stay on a pruned frontier", "[sweep][pruning]") {
  // The ideal fidelity costs TPF x EP by bytes and flops alone: with one token that activates k of
  // E experts in expectation, splits of the same GPUs give equal times.
  const Study study = study_of("deepseek-r1", R"({
    "format": "helixsim/search_space/1", "contexts": ["1M"], "gpus": [64],
    "strategies": {"helix": {"tpa": [1], "kvp": [64]}}, "batch": [1, 2, 3, "..", 40],
    "hop_b": ["off"]})",
                               {}, "ideal");
  const SearchResult whole = search(study, false);
  const std::vector<Key> keys = drawn(study, whole, 0);
  std::size_t ties = 0;
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (std::get<7>(keys[i]) == std::get<7>(keys[i - 1])) ++ties;
  }
  CHECK(ties > 0);
  CHECK(drawn(study, search(study, true), 0) == keys);
}
