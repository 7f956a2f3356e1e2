#include "tests/replay/case_families.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <optional>
#include <sstream>
#include <string>

#include "sim/replay/replay.hpp"
#include "tests/replay/exact_case.hpp"

using namespace helixsim;

namespace {

constexpr std::uint32_t kSeeds = 200;
constexpr double kTolerance = 1e-9;  // relative, as tests/reference/README.md asks for

bool agrees(double ours, double expected) {
  return std::abs(ours - expected) <= kTolerance * expected;
}

/// The first place where the program and exact arithmetic part, or nothing.
std::optional<std::string> first_difference(const ExactCase& exact, Replay& replay) {
  const ReplayResult expected = run_exactly(exact);
  const ReplayResult ours = replay.run(rounded(exact));
  for (std::size_t task = 0; task < exact.tasks.size(); ++task) {
    if (agrees(ours.start[task], expected.start[task]) &&
        agrees(ours.finish[task], expected.finish[task])) {
      continue;
    }
    std::ostringstream text;
    text << "task " << task << ": " << ours.start[task] << " to " << ours.finish[task]
         << ", expected " << expected.start[task] << " to " << expected.finish[task];
    return text.str();
  }
  CHECK(agrees(ours.makespan, expected.makespan));
  return std::nullopt;
}

}  // namespace

TEST_CASE("random cases of every family agree with exact arithmetic", "[replay][property]") {
  Replay replay;
  for (const CaseFamily& family : case_families()) {
    for (const Numbers numbers :
         {Numbers::Decimals, Numbers::Whole, Numbers::Awkward, Numbers::Wide}) {
      for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        CAPTURE(family.name, static_cast<int>(numbers), seed);
        const auto difference = first_difference(family.make(seed, numbers), replay);
        if (difference) FAIL_CHECK(*difference);
      }
    }
  }
}
