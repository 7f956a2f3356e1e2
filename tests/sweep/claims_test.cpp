#include "sim/sweep/claims.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <limits>

#include "hw_models/time_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/decode/evaluator.hpp"
#include "tests/sweep/study_case.hpp"

using namespace helixsim;

namespace {

using Points = std::vector<Evaluated>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kPositions[] = {1.0, 0.95, 0.9, 0.8, 0.6};  // the first is the fast end

const char* const kSpace = R"({
  "format": "helixsim/search_space/1", "contexts": ["64k", "256k", "1M"], "gpus": [64],
  "strategies": {"tp": {}, "dp": {}, "helix": {}}, "batch": [1, 2, 3, "..", 40, 64, 128, 256, "..", 1024],
  "hop_b": ["off", "best"]})";

/// DeepSeek-R1 on 64 GPUs.
const Study& study() {
  static const Study kStudy = study_of("deepseek-r1", kSpace, {"tp", "dp"});
  return kStudy;
}

const StudyResult& result() {
  static const StudyResult kResult = run(study());
  return kResult;
}

Points points_of(double context, const std::vector<std::string>& strategies,
                 const Study& of = study()) {
  Points chosen;
  for (const Evaluated& one : every_point(of, context)) {
    const auto found = std::find(strategies.begin(), strategies.end(), one.point.strategy->name);
    if (found != strategies.end()) chosen.push_back(one);
  }
  return chosen;
}

double fastest(const Points& points) {
  double most = 0.0;
  for (const Evaluated& one : points) most = std::max(most, one.interactivity());
  return most;
}

double densest(const Points& points) {
  double most = 0.0;
  for (const Evaluated& one : points) most = std::max(most, one.throughput());
  return most;
}

/// The densest point at least this fast; null when none is.
const Evaluated* densest_at_least(const Points& points, double interactivity) {
  const Evaluated* best = nullptr;
  for (const Evaluated& one : points) {
    if (one.interactivity() < interactivity) continue;
    if (best == nullptr || one.throughput() > best->throughput()) best = &one;
  }
  return best;
}

/// Height at x of the chain of line segments through the undominated points, without sorting them
/// into a frontier: the nearest undominated points on both sides are the densest as fast as x and
/// the fastest of those denser than it.
double height_at(const Points& points, double x) {
  const Evaluated* fast = densest_at_least(points, x);
  const Evaluated* slow = nullptr;
  for (const Evaluated& one : points) {
    if (one.throughput() <= fast->throughput()) continue;
    if (slow == nullptr || one.interactivity() > slow->interactivity() ||
        (one.interactivity() == slow->interactivity() && one.throughput() > slow->throughput())) {
      slow = &one;
    }
  }
  if (slow == nullptr) return fast->throughput();
  const double slope =
      (fast->throughput() - slow->throughput()) / (fast->interactivity() - slow->interactivity());
  return slow->throughput() + slope * (x - slow->interactivity());
}

Claim claim_of(const std::string& kind, double context = 1e6) {
  Claim claim;
  claim.name = "c";
  claim.kind = kind;
  claim.model = "deepseek-r1";
  claim.context = context;
  return claim;
}

ClaimResult evaluated(const Claim& claim) {
  return evaluate_claim(claim, result());
}

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

TEST_CASE("the interactivity claim compares the fastest points of all", "[sweep][claims]") {
  const double context = GENERATE(64e3, 1e6);
  const double expected =
      fastest(points_of(context, {"helix"})) / fastest(points_of(context, {"tp", "dp"}));
  const ClaimOutcome outcome = evaluated(claim_of("interactivity_ratio", context)).outcome;
  REQUIRE(outcome.value);
  CHECK(*outcome.value == Approx(expected));
  CHECK(outcome.text == printed("%.2fx", expected));
}

TEST_CASE("a claim's own baseline replaces the study's", "[sweep][claims]") {
  Claim claim = claim_of("interactivity_ratio");
  claim.baseline = {"dp"};
  const double expected = fastest(points_of(1e6, {"helix"})) / fastest(points_of(1e6, {"dp"}));
  const ClaimResult found = evaluated(claim);
  CHECK(found.outcome.value.value() == Approx(expected));
  CHECK(expected != Approx(evaluated(claim_of("interactivity_ratio")).outcome.value.value()));
  CHECK(found.text == "Largest tokens/s/user, Helix over baseline (baseline dp)");
}

TEST_CASE("the throughput-end claim compares the densest points of all", "[sweep][claims]") {
  const double expected =
      densest(points_of(1e6, {"helix"})) / densest(points_of(1e6, {"tp", "dp"}));
  CHECK(evaluated(claim_of("throughput_end_ratio")).outcome.value.value() == Approx(expected));
}

TEST_CASE(
    "the batch claim counts the requests one Helix instance holds within the baseline's smallest "
    "TTL",
    "[sweep][claims]") {
  const Points baseline = points_of(1e6, {"tp", "dp"});
  const Evaluated& end = *densest_at_least(baseline, fastest(baseline));
  long long most = 0;
  for (const Evaluated& one : points_of(1e6, {"helix"})) {
    if (one.result.ttl <= end.result.ttl) most = std::max(most, one.point.requests_in_flight());
  }
  REQUIRE(most > end.point.requests_in_flight());
  const ClaimOutcome outcome = evaluated(claim_of("batch_at_equal_latency")).outcome;
  CHECK(outcome.value.value() ==
        Approx(static_cast<double>(most) / static_cast<double>(end.point.requests_in_flight())));
}

TEST_CASE("throughput at equal interactivity is read off both frontiers at the named positions",
          "[sweep][claims]") {
  const Points helix = points_of(1e6, {"helix"});
  const Points baseline = points_of(1e6, {"tp", "dp"});
  std::string expected;
  for (const double position : kPositions) {
    const double x = position * fastest(baseline);
    expected += (expected.empty() ? "" : ", ") +
                printed("%.3gx at ", height_at(helix, x) / height_at(baseline, x)) +
                (position == 1.0 ? "the end" : printed("%g", position));
  }
  const ClaimOutcome outcome = evaluated(claim_of("throughput_ratio_at_positions")).outcome;
  CHECK(outcome.text == expected);
  CHECK_FALSE(outcome.value.has_value());
}

TEST_CASE("the figure 3 claim compares the lock-step picture with the overlapped one",
          "[sweep][claims]") {
  Claim claim = claim_of("figure3_loss");
  claim.point =
      parse_json(R"({"strategy": "helix", "kvp": 64, "tpf": 8, "ep": 8, "batch": 4})", "p.json");
  Evaluator evaluator(study().setup);
  Point point{
      &strategies()[3], Layout{.kvp = 64, .tpf = 8, .ep = 8}, 4, 1e6, {HopBMode::Figure3, 1}};
  REQUIRE(point.strategy->name == "helix");
  const double on = evaluator.evaluate(point).ttl.seconds().value();
  point.hop_b.mode = HopBMode::Figure3Lockstep;
  const double off = evaluator.evaluate(point).ttl.seconds().value();
  REQUIRE(on < off);
  // Tokens/s/user are 1 / TTL: the share of them lost is 1 - (1 / off) / (1 / on).
  CHECK(evaluated(claim).outcome.value.value() == Approx(100 * (1 - on / off)));
  claim.point.reset();
  CHECK_FALSE(evaluated(claim).outcome.value.has_value());
}

TEST_CASE("the event-driven claim switches HOP-B off at points of the frontier",
          "[sweep][claims]") {
  // Without fixed times chunks cost nothing, so that helix hides some of its exchange.
  const Study ideal = study_of("deepseek-r1", kSpace, {"tp", "dp"}, "ideal");
  const StudyResult ideal_result = run(ideal);
  const Points helix = points_of(1e6, {"helix"}, ideal);
  const double largest_of_baseline = fastest(points_of(1e6, {"tp", "dp"}, ideal));
  Evaluator evaluator(ideal.setup);
  double largest = 0.0;
  std::string expected;
  for (const double position : kPositions) {
    const double x = position == 1.0 ? fastest(helix) : position * largest_of_baseline;
    const Evaluated& one = *densest_at_least(helix, x);
    Point off = one.point;
    off.hop_b = {HopBMode::Off, 1};
    const double loss =
        100 * (1 - one.result.ttl.seconds() / evaluator.evaluate(off).ttl.seconds());
    largest = std::max(largest, loss);
    expected += (expected.empty() ? "" : ", ") + printed("%.1f %% at ", loss) +
                (position == 1.0 ? "the end" : printed("%g", position));
  }
  REQUIRE(largest > 0.5);
  Claim claim = claim_of("event_hop_b_loss");
  CHECK(evaluate_claim(claim, ideal_result).outcome.value.value() == Approx(largest));
  CHECK(evaluate_claim(claim, ideal_result).outcome.text == expected);
  claim.published = 1000.0;
  CHECK(evaluate_claim(claim, ideal_result).outcome.text ==
        expected + "; below the published 1000 % everywhere");
}

TEST_CASE("the crossover is the first context from which Helix with KVP > 1 stays ahead",
          "[sweep][claims]") {
  std::string ratios;
  double from = 0.0;
  for (const double context : study().space.contexts) {
    Points helix = points_of(context, {"helix"});
    std::erase_if(helix, [](const Evaluated& one) { return one.point.layout.kvp == 1; });
    const double ratio = fastest(helix) / fastest(points_of(context, {"tp", "dp"}));
    if (ratio <= 1.0) from = 0.0;
    if (ratio > 1.0 && from == 0.0) from = context;
    ratios += (ratios.empty() ? "" : ", ") + printed("%.2fx at ", ratio) +
              (context == 1e6 ? "1M" : printed("%gk", context / 1000));
  }
  REQUIRE(from > 64e3);  // the study has contexts on both sides
  const ClaimOutcome outcome = evaluated(claim_of("crossover_context")).outcome;
  CHECK(outcome.value.value() == from);
  CHECK(outcome.text == printed("fastest from %gk: ", from / 1000) + ratios);
}

TEST_CASE(
    "the batch claim counts a point exactly as fast as the baseline, and a lead that is lost again "
    "is none",
    "[sweep][claims]") {
  // Made by hand: tp on one layout, helix with KVP 64 on another, one record each at every context.
  // Helix is 2x ahead at 64k, behind at 256k, and at 1M ahead again with a second point of batch 7
  // as slow as tp.
  StudyResult made{.study = &study(), .search = {}};
  made.search.grid.layouts = {{&strategies()[0], Layout{.tpa = 64, .tpf = 64}},
                              {&strategies()[3], Layout{.kvp = 64, .tpf = 64}}};
  const auto record = [](std::uint32_t layout, int batch, std::int64_t ttl_ps) {
    return Record{.layout = layout,
                  .batch = batch,
                  .hop_b = {},
                  .chunks = 1,
                  .repeats = false,
                  .ttl_ps = ttl_ps};
  };
  made.search.contexts = {
      {.context = 64e3, .counts = {}, .records = {record(0, 1, 2000), record(1, 1, 1000)}},
      {.context = 256e3, .counts = {}, .records = {record(0, 1, 2000), record(1, 1, 4000)}},
      {.context = 1e6,
       .counts = {},
       .records = {record(0, 2, 2000), record(1, 1, 1000), record(1, 7, 2000),
                   record(1, 9, 2001)}}};
  CHECK(evaluate_claim(claim_of("batch_at_equal_latency"), made).outcome.value.value() ==
        Approx(7.0 / 2.0));
  CHECK(evaluate_claim(claim_of("crossover_context"), made).outcome.value.value() == 1e6);
  CHECK(evaluate_claim(claim_of("crossover_context"), made).outcome.text ==
        "fastest from 1M: 2.00x at 64k, 0.50x at 256k, 2.00x at 1M");
}

TEST_CASE("a band is closed: its ends pass and the next numbers beyond them fail",
          "[sweep][claims]") {
  Claim claim = claim_of("interactivity_ratio");
  const double value = evaluated(claim).outcome.value.value();
  const auto verdict = [&](double low, double high) {
    claim.band = Range<double>{low, high};
    return evaluated(claim).verdict;
  };
  CHECK(evaluated(claim).verdict == Verdict::Reported);
  CHECK(verdict(value, value) == Verdict::Pass);
  CHECK(verdict(std::nextafter(value, kInfinity), kInfinity) == Verdict::Fail);
  CHECK(verdict(0.0, std::nextafter(value, 0.0)) == Verdict::Fail);
}

TEST_CASE("a claim with a band fails where nothing is feasible and is only reported without one",
          "[sweep][claims]") {
  // One GPU of 186 GB cannot hold R1's 350 GB of FP4 weights.
  const Study too_small = study_of("deepseek-r1", R"({
    "format": "helixsim/search_space/1", "contexts": [1000], "gpus": [1],
    "strategies": {"tp": {}, "helix": {}}, "batch": [1]})",
                                   {"tp"});
  const StudyResult nothing = run(too_small);
  REQUIRE(nothing.search.counts().simulated == 0);
  CHECK(nothing.search.counts().infeasible_weights == 2);
  const auto kinds = claim_kinds();
  const ClaimKindEntry& kind = GENERATE_COPY(from_range(kinds.begin(), kinds.end()));
  CAPTURE(kind.name);
  Claim claim = claim_of(std::string(kind.name), 1000);
  claim.point = parse_json(R"({"strategy": "helix"})", "p.json");
  ClaimResult found = evaluate_claim(claim, nothing);
  CHECK(found.verdict == Verdict::Reported);
  CHECK_FALSE(found.outcome.value.has_value());
  CHECK_FALSE(found.outcome.text.empty());
  claim.band = Range<double>{-1e12, 1e12};
  CHECK(evaluate_claim(claim, nothing).verdict == Verdict::Fail);
}

TEST_CASE("a claim of a context that was not run fails when it has a band", "[sweep][claims]") {
  Claim claim = claim_of("interactivity_ratio", 2e6);
  claim.band = Range<double>{0, 100};
  CHECK(evaluated(claim).verdict == Verdict::Fail);
  CHECK(evaluated(claim).outcome.text == "the context was not run");
}

TEST_CASE("claims about overlapped all-reduces get one study of their contexts",
          "[sweep][claims]") {
  Scenario scenario;
  scenario.studies.push_back(study());
  CHECK(overlapped_studies(scenario).empty());
  for (const double context : {1e6, 64e3, 1e6}) {
    scenario.claims.push_back(claim_of("interactivity_ratio", context));
    scenario.claims.back().overlap_all_reduce = true;
  }
  scenario.claims.push_back(claim_of("interactivity_ratio", 256e3));  // not overlapped
  const std::vector<Study> studies = overlapped_studies(scenario);
  REQUIRE(studies.size() == 1);
  CHECK(studies[0].space.contexts == std::vector{64e3, 1e6});
  CHECK(studies[0].setup.options.overlap_all_reduce);
  CHECK(studies[0].request.options.overlap_all_reduce);
}

TEST_CASE("ratios of claims have the error of their two steps where errors are known",
          "[sweep][claims]") {
  const Study measured =
      study_of("deepseek-r1",
               R"({"format": "helixsim/search_space/1", "contexts": ["1M"], "gpus": [16],
          "strategies": {"tp": {}, "helix": {}}, "batch": [1, 4, 16], "hop_b": ["off", 4]})",
               {"tp"}, "measured");
  const StudyResult found = run(measured);
  const auto fastest_of = [&](const char* strategy) {
    const Points points = points_of(1e6, {strategy}, measured);
    return *std::max_element(points.begin(), points.end(),
                             [](const Evaluated& a, const Evaluated& b) {
                               return a.interactivity() < b.interactivity();
                             });
  };
  const Evaluated helix = fastest_of("helix");
  const Evaluated tp = fastest_of("tp");
  const double ratio = helix.interactivity() / tp.interactivity();
  const double spread =
      std::expm1(kNormal95 * log_sd_of_ratio(*helix.result.error, *tp.result.error));
  const auto text_of = [&](const char* kind) {
    return evaluate_claim(claim_of(kind), found).outcome.text;
  };
  char expected[64];
  std::snprintf(expected, sizeof(expected), "%.2fx +-%.0f %%", ratio, 100.0 * spread);
  CHECK(text_of("interactivity_ratio") == expected);
  CHECK_THAT(text_of("crossover_context"), Catch::Contains(std::string(expected) + " at 1M"));
  CHECK_THAT(text_of("throughput_end_ratio"), Catch::Contains(" +-"));
  CHECK_THAT(text_of("event_hop_b_loss"), Catch::Contains(" +-"));

  // At equal speed a slower Helix is read farther to the right, and the other way round.
  double at_end = 0.0;
  double low = 0.0;
  double high = 0.0;
  REQUIRE(std::sscanf(text_of("throughput_ratio_at_positions").c_str(), "%lfx (%lf..%lf) at",
                      &at_end, &low, &high) == 3);
  CHECK(low < at_end);
  CHECK(at_end < high);
}
