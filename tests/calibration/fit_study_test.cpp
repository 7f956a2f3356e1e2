#include "sim/calibration/fit_study.hpp"

#include <catch2/catch.hpp>

#include "hw_models/laws/law_file.hpp"
#include "sim/calibration/datasets/records.hpp"
#include "sim/calibration/fit_system.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

MeasuredRows attention_rows(const System& system, std::size_t most, double scatter = 0.01) {
  const DatasetSystem of{system};
  MeasuredFamily<AttentionLaw> family{
      .label = {.op = "gqa_decode", .dtype = "bfloat16", .kernel = "grouped"},
      .source = "made up",
      .plan = own_gqa_plan(*find_table_format("bfloat16"), of),
      .rows = {}};
  AttentionLaw law = family.plan.start;
  law.fixed = 4e-6;
  law.per_byte = 2e-11;
  for (double tokens = 1024; tokens <= 1 << 20; tokens *= 2) {
    for (const double batch : {1., 2., 4., 8., 16., 32., 64.}) {
      if (family.rows.size() == most) continue;
      const AttentionShape shape{
          .batch = batch, .kv_tokens = tokens, .kv_heads = 1, .group = 16, .head_size = 128};
      const double noise = 1.0 + scatter * (drawn(1, family.rows.size(), 0) - 0.5);
      family.rows.push_back({shape, law.seconds(shape, true) * noise});
    }
  }
  MeasuredRows rows;
  of_law<AttentionLaw, MeasuredFamily>(rows.families)["attention/bfloat16/grouped"] = family;
  return rows;
}

}  // namespace

TEST_CASE("a study fits the laws that a fit does, to the byte", "[calibration][study]") {
  const System system = gb200();
  const MeasuredRows rows = attention_rows(system, 1000);
  const SystemStudy study = study_system(rows, system, 2, {});
  CHECK(to_json(study.laws) == to_json(fit_system(rows, system, 1, {})));
}

TEST_CASE("a study shows the rows that its trial did not see, as the error counts them",
          "[calibration][study]") {
  const System system = gb200();
  const MeasuredRows rows = attention_rows(system, 1000);
  const SystemStudy study = study_system(rows, system, 1, {});
  REQUIRE(study.families.size() == 1);
  const FamilyStudy& family = study.families[0];
  CHECK_FALSE(family.in_turn);
  CHECK(family.rows == 77);
  const auto& all = of_law<AttentionLaw, MeasuredFamily>(rows.families).begin()->second.rows;
  REQUIRE(family.held_out.size() == split_rows<AttentionLaw>(all).second.size());
  CHECK(family.held_out.size() < all.size() / 3);
  std::vector<double> percent;
  for (const HeldOutRow& row : family.held_out) {
    percent.push_back(std::abs(row.error_percent()));
    CHECK(row.splits >= 1.0);
    CHECK(row.waves >= 1.0);
    CHECK(row.bytes >= 2.0 * 1024 * 128 * 2.0);  // K and V of 1,024 tokens in BF16
  }
  CHECK(quantile(percent, 0.5) == Approx(family.error.median_percent));
  CHECK(family.parameters.size() == AttentionLaw::parameters().size());
  CHECK(family.identity.parameters.size() == family.parameters.size());
  // The L2 of cold caches is not told, the bandwidth is.
  for (std::size_t p = 0; p < family.parameters.size(); ++p) {
    if (family.parameters[p].name == "l2_bandwidth") CHECK(family.identity.parameters[p].pinned);
    if (family.parameters[p].name == "bandwidth") {
      CHECK_FALSE(family.identity.parameters[p].uncertain);
    }
  }
}

TEST_CASE("few rows are kept out in turn: a fit is not judged by what it has seen",
          "[calibration][study]") {
  const System system = gb200();
  const SystemStudy study = study_system(attention_rows(system, 12, 0.4), system, 1, {});
  const FamilyStudy& family = study.families[0];
  CHECK(family.in_turn);
  CHECK(family.rows == 12);
  REQUIRE(family.held_out.size() == 12);
  std::vector<double> percent;
  for (const HeldOutRow& row : family.held_out) percent.push_back(std::abs(row.error_percent()));
  CHECK(quantile(percent, 0.5) == Approx(family.error.median_percent));
  // Rows are up to 20 % off, which nothing but they themselves tells.
  CHECK(family.error.p90_percent > 10.0);
}

TEST_CASE("of a single row a fit knows what its plan began with", "[calibration][study]") {
  const System system = gb200();
  const MeasuredRows rows = attention_rows(system, 1);
  const auto& plan = of_law<AttentionLaw, MeasuredFamily>(rows.families).begin()->second;
  const MeasuredShape<AttentionLaw>& row = plan.rows.at(0);
  const double before = plan.plan.start.seconds(row.shape, false);
  const SystemStudy study = study_system(rows, system, 1, {});
  const FamilyStudy& family = study.families[0];
  REQUIRE(family.held_out.size() == 1);
  CHECK(family.held_out[0].predicted == Approx(before));
  CHECK(family.error.p90_percent == Approx(ape_percent(before, row.seconds)));
  // And no more than that of its parameters: none of them is known to a hair.
  for (const ParameterIdentity& one : family.identity.parameters)
    CHECK((one.pinned || one.log_error > 0.01));
}

TEST_CASE("aims are met at the aim and missed above it", "[calibration][study]") {
  const LawError error{.median_percent = 5.0, .p90_percent = 12.0, .log_bias = 0.0, .log_sd = 0.0};
  CHECK(HeldOutAims{}.met_by(error));
  CHECK(HeldOutAims{.median_percent = 5.0, .p90_percent = 12.0}.met_by(error));
  CHECK_FALSE(HeldOutAims{.median_percent = 4.9}.met_by(error));
  CHECK_FALSE(HeldOutAims{.median_percent = 0.0, .p90_percent = 11.9}.met_by(error));
}
