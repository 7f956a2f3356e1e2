#include "sim/calibration/stream_fraction.hpp"

#include <catch2/catch.hpp>

#include "sim/calibration/repeatability.hpp"

using namespace helixsim;

namespace {

MeasuredRecord record_of(const std::string& kernel, double bytes, double us, const char* gpu) {
  MeasuredRecord record;
  record.key = {.kernel = kernel,
                .variant = "loads",
                .impl = "own",
                .shape = {{"bytes", static_cast<long long>(bytes)}},
                .dtype = {},
                .mode = "graph_cold"};
  record.bytes = bytes;
  record.timing = {.median_us = us, .p10_us = 0.99 * us, .p90_us = 1.02 * us, .empty_us = 1.0};
  record.check.ok = true;
  record.gpu.uuid_hash = gpu;
  return record;
}

}  // namespace

TEST_CASE("kernels are held against the read stream of their own GPU", "[calibration][stream]") {
  std::vector<MeasuredRecord> records{
      record_of("stream_read", 4e9, 1000.0, "a"), record_of("stream_read", 1e6, 10.0, "a"),
      record_of("stream_read", 4e9, 2000.0, "b"), record_of("gemm", 1e9, 500.0, "a"),
      record_of("gemm", 1e9, 500.0, "b"),         record_of("gemm", 1e9, 500.0, "none")};
  CHECK(read_stream(records, "a") == Approx(4e12));
  CHECK(read_stream(records, "b") == Approx(2e12));
  const auto fractions = stream_fractions(records);
  REQUIRE(fractions.size() == 2);
  CHECK(fractions[0].fraction == Approx(0.5));
  CHECK(fractions[1].fraction == Approx(1.0));
}

TEST_CASE("a read by few CTAs or on a GPU that was slow is no stream", "[calibration][stream]") {
  std::vector<MeasuredRecord> records{record_of("stream_read", 4e9, 1000.0, "a"),
                                      record_of("stream_read", 8e9, 8000.0, "a"),
                                      record_of("stream_read", 8e9, 8000.0, "a")};
  records[1].key.shape["ctas"] = 4;
  records[2].suspect = true;
  CHECK(read_stream(records, "a") == Approx(4e12));
  CHECK(read_stream({}, "a") == 0.0);
}

TEST_CASE("a read that L2 can hold is no stream, when a run was cut off before a large one",
          "[calibration][stream]") {
  std::vector<MeasuredRecord> records{record_of("stream_read", 4096, 2.0, "a"),
                                      record_of("gemm", 1e9, 500.0, "a")};
  for (MeasuredRecord& record : records) record.gpu.l2_bytes = 50'000'000;
  CHECK(read_stream(records, "a") == 0.0);
  CHECK(stream_fractions(records).empty());
}

TEST_CASE("every anchor names a kernel, a part of a bandwidth and its source",
          "[calibration][stream]") {
  for (const StreamAnchor& anchor : stream_anchors()) {
    CAPTURE(anchor.what);
    CHECK((anchor.kernel == "gqa_decode" || anchor.kernel == "mla_decode" ||
           anchor.kernel == "gemm"));
    CHECK((anchor.fraction > 0.0 && anchor.fraction < 1.0));
    CHECK_FALSE(anchor.source.empty());
    CHECK_FALSE(anchor.gpu.empty());
  }
}

TEST_CASE("spreads are told by kernel, suspect records apart", "[calibration][repeatability]") {
  std::vector<MeasuredRecord> records{record_of("gemm", 1e9, 500.0, "a"),
                                      record_of("gemm", 2e9, 1000.0, "a"),
                                      record_of("gemm", 3e9, 100.0, "a")};
  records[1].timing.p90_us = 1100.0;
  records[2].suspect = true;
  const auto all = repeatability(records);
  REQUIRE(all.size() == 1);
  CHECK(all[0].records == 2);
  CHECK(all[0].suspect == 1);
  CHECK(all[0].median_percent == Approx(3.0));
  CHECK(all[0].worst_percent == Approx(11.0));
  CHECK(all[0].worst == records[1].key.text());
}

TEST_CASE("medians of a cell that was measured again lie apart, on one GPU",
          "[calibration][repeatability]") {
  std::vector<MeasuredRecord> records{
      record_of("gemm", 1e9, 500.0, "a"), record_of("gemm", 1e9, 505.0, "a"),
      record_of("gemm", 1e9, 900.0, "b"), record_of("gemm", 2e9, 1000.0, "a"),
      record_of("gemm", 2e9, 1030.0, "a")};
  const auto all = repeatability(records);
  REQUIRE(all.size() == 1);
  CHECK(all[0].again == 2);
  CHECK(all[0].again_median_percent == Approx(1.0));
  CHECK(all[0].again_p90_percent == Approx(3.0));
  records.back().suspect = true;
  CHECK(repeatability(records)[0].again == 1);
}
