#include "tools/calibrate/harness/session.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/harness/fake_gpu.hpp"
#include "tools/calibrate/harness/samples.hpp"

using namespace helixsim;

namespace {

Cell cell_of(const std::string& kernel, double bytes, double information) {
  Cell cell;
  cell.key = {.kernel = kernel,
              .variant = "v",
              .impl = "own",
              .shape = {{"n", 1}},
              .dtype = {},
              .mode = "graph_cold"};
  cell.bytes = bytes;
  cell.information = information;
  return cell;
}

const Cell kCeiling = cell_of("stream", 4e9, 0.0);

struct Run {
  FakeGpu gpu;
  SessionOptions options;
  std::vector<MeasuredRecord> records;
  SessionResult result;

  void operator()(const std::vector<Cell>& cells) {
    options.record = [this](const MeasuredRecord& record) { records.push_back(record); };
    result = measure_cells(gpu, kCeiling, cells, options);
  }
};

}  // namespace

TEST_CASE("a cell's time is a launch over its repetitions, less the empty graph's", "[harness]") {
  Run run;
  run({cell_of("a", 4e9, 1.0)});
  REQUIRE(run.records.size() == 1);
  const MeasuredRecord& record = run.records[0];
  CHECK(record.timing.median_us == Approx(1000.0));
  CHECK(record.timing.empty_us == Approx(1.0));
  CHECK(record.timing.samples == run.options.samples);
  CHECK(record.check.ok);
  CHECK_FALSE(record.suspect);
  CHECK(record.gpu.sms == 132);
  CHECK(run.result.measured == 1);
}

TEST_CASE("what tells most is measured first, and cells of a group in turns", "[harness]") {
  Run run;
  run.options.group = 2;
  run({cell_of("low", 1e6, 1.0), cell_of("high", 1e6, 3.0), cell_of("middle", 1e6, 2.0)});
  REQUIRE(run.records.size() == 3);
  CHECK(run.records[0].key.kernel == "high");
  CHECK(run.records[1].key.kernel == "middle");
  CHECK(run.records[2].key.kernel == "low");
  std::vector<std::string> order = run.gpu.launched;
  std::erase(order, "stream");
  order.erase(std::unique(order.begin(), order.end()), order.end());
  // Warm-ups, then five passes over both, then the last group.
  CHECK(order == std::vector<std::string>{"high", "middle", "high", "middle", "high", "middle",
                                          "high", "middle", "high", "middle", "high", "middle",
                                          "low"});
}

TEST_CASE("a session ends with its budget and says what it did not reach", "[harness]") {
  Run run;
  run.options.group = 1;
  run.options.budget_seconds = 1.0;  // a group takes about 0.33 + 0.05 s
  std::vector<Cell> cells(10, cell_of("a", 1e6, 1.0));
  run(cells);
  CHECK(run.result.measured >= 2);
  CHECK(run.result.measured <= 4);
  CHECK(run.result.measured + run.result.not_reached == 10);
}

TEST_CASE("cells that are measured already are left out", "[harness]") {
  Run run;
  const Cell known = cell_of("a", 1e6, 1.0);
  run.options.done = {known.key.text()};
  run({known, cell_of("b", 1e6, 1.0)});
  CHECK(run.result.known == 1);
  CHECK(run.result.measured == 1);
  CHECK(run.records[0].key.kernel == "b");
}

TEST_CASE("a kernel that fails its check is recorded and not timed", "[harness]") {
  Run run;
  run.gpu.error = [](const Cell& cell) { return cell.key.kernel == "bad" ? 0.5 : 1e-3; };
  run({cell_of("bad", 1e6, 2.0), cell_of("good", 1e6, 1.0)});
  CHECK(run.result.failed_checks == 1);
  CHECK(run.result.measured == 1);
  CHECK_FALSE(run.records[0].check.ok);
  CHECK(run.records[0].timing.median_us == 0.0);
  CHECK(std::count(run.gpu.launched.begin(), run.gpu.launched.end(), "bad") == 0);
}

TEST_CASE("a kernel that only fails after its timing is recorded as failed", "[harness]") {
  Run run;
  int checks = 0;
  run.gpu.error = [&](const Cell& cell) {
    return cell.key.kernel == "hot" && ++checks > 1 ? 0.5 : 1e-3;
  };
  run({cell_of("hot", 1e6, 1.0)});
  CHECK(run.result.failed_checks == 1);
  CHECK_FALSE(run.records[0].check.ok);
  CHECK(run.records[0].timing.median_us == 0.0);
}

TEST_CASE("a group during which the stream or the clock moves is suspect", "[harness]") {
  Run run;
  run.options.group = 1;
  SECTION("stream") {
    run.gpu.rate = [](double at) { return at < 1.0 ? 4e12 : 3.8e12; };
  }
  SECTION("clock") {
    run.gpu.sm_mhz = [](double at) { return at < 1.6 ? 1980 : 1900; };
  }
  run(std::vector<Cell>(6, cell_of("a", 1e6, 1.0)));
  CHECK_FALSE(run.records.front().suspect);
  CHECK(run.records.back().suspect);
  CHECK(run.result.suspect > 0);
}

TEST_CASE("a cell that the GPU cannot run is named with the reason", "[harness]") {
  Run run;
  run.gpu.can_run = [](const Cell& cell) { return cell.key.kernel != "huge"; };
  run({cell_of("huge", 1e12, 2.0), cell_of("a", 1e6, 1.0)});
  REQUIRE(run.result.left_out.size() == 1);
  CHECK(run.result.left_out[0].why == "too little memory");
  CHECK(run.result.measured == 1);
}

TEST_CASE("a session can be stopped between groups", "[harness]") {
  Run run;
  std::atomic<bool> stop = false;
  run.options.stop = &stop;
  run.options.group = 1;
  run.options.progress = [&](int behind, int all, double left) {
    CHECK(all == 5);
    CHECK(left >= 0.0);
    if (behind == 2) stop = true;
  };
  run(std::vector<Cell>(5, cell_of("a", 1e6, 1.0)));
  CHECK(run.result.measured == 2);
  CHECK(run.result.not_reached == 3);
}

TEST_CASE("percentiles lie between samples in proportion", "[harness][samples]") {
  const double launches[] = {50e-6, 10e-6, 20e-6, 40e-6, 30e-6};
  const Timing timing = timing_of(launches, 2, 1e-6);
  CHECK(timing.median_us == Approx(30.0 / 2 - 1));
  CHECK(timing.p10_us == Approx((10.0 + 0.4 * 10.0) / 2 - 1));
  CHECK(timing.p90_us == Approx((40.0 + 0.6 * 10.0) / 2 - 1));
  CHECK(timing.samples == 5);
}

TEST_CASE("a cell that finds no memory beside others is measured when they are gone", "[harness]") {
  Run run;
  std::vector<std::string> tried;
  bool first = true;
  run.gpu.can_run = [&](const Cell& cell) {
    tried.push_back(cell.key.kernel);
    if (cell.key.kernel != "large") return true;
    const bool alone = !first;
    first = false;
    return alone;
  };
  run({cell_of("small", 1e6, 2.0), cell_of("large", 1e6, 1.0)});
  CHECK(run.records.size() == 2);
  CHECK(run.result.left_out.empty());
  CHECK(std::count(tried.begin(), tried.end(), "large") == 2);
}

TEST_CASE("before a cell is run, its record of a failure is told", "[harness]") {
  Run run;
  std::vector<std::string> begun;
  run.options.begins = [&](const MeasuredRecord& record) {
    begun.push_back(record.key.kernel);
    CHECK_FALSE(record.check.ok);
    CHECK(record.gpu.sms == 132);
  };
  run.gpu.error = [&](const Cell& cell) {
    CHECK(begun.back() == cell.key.kernel);
    return 1e-3;
  };
  run({cell_of("a", 1e6, 2.0), cell_of("b", 1e6, 1.0)});
  CHECK(std::count(begun.begin(), begun.end(), "a") >= 3);  // check, timing, check
  CHECK(run.records.size() == 2);
}

TEST_CASE("a cell that no GPU like this runs does not end its group", "[harness]") {
  Run run;
  int tried = 0;
  run.gpu.for_memory = false;
  run.gpu.can_run = [&](const Cell& cell) {
    tried += cell.key.kernel == "foreign" ? 1 : 0;
    return cell.key.kernel != "foreign";
  };
  run({cell_of("a", 1e6, 3.0), cell_of("foreign", 1e6, 2.0), cell_of("b", 1e6, 1.0)});
  CHECK(tried == 1);
  CHECK(run.result.left_out.size() == 1);
  CHECK(run.records.size() == 2);
  CHECK(run.records[0].utc == run.records[1].utc);
}
