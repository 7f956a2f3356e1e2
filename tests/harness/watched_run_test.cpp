#include "tools/calibrate/harness/watched_run.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>

using namespace helixsim;

namespace {

constexpr WatchOptions kSoon{.silence_seconds = 0.2, .most_processes = 5};

void crash() {
  std::signal(SIGABRT, SIG_DFL);  // the test's own handler would tell of it
  std::abort();
}

}  // namespace

TEST_CASE("a run that ends by itself is run once", "[harness][watched]") {
  const WatchedResult result = run_watched(
      [](WatchedSide& side, const LostCells&) {
        side.begins("a", "kind", "record a");
        return 5;
      },
      [](const LostCell&) { FAIL(); }, kSoon);
  CHECK(result.status == 5);
  CHECK(result.lost.empty());
  CHECK_FALSE(result.gave_up);
}

TEST_CASE("cells that crash, fail for good or never end cost themselves only",
          "[harness][watched]") {
  std::vector<std::string> told;
  const WatchedResult result = run_watched(
      [](WatchedSide& side, const LostCells& lost) {
        for (const std::string cell : {"good", "crashes", "fails", "hangs", "last"}) {
          if (lost.contains(cell, "of " + cell)) continue;
          side.begins(cell, "of " + cell, "record " + cell);
          if (cell == "crashes") crash();
          if (cell == "fails") return kLostStatus;
          if (cell == "hangs") pause();
        }
        return 0;
      },
      [&](const LostCell& cell) { told.push_back(cell.record); }, kSoon);
  CHECK(result.status == 0);
  CHECK_FALSE(result.gave_up);
  REQUIRE(result.lost.size() == 3);
  CHECK(result.lost[0].key == "crashes");
  CHECK_FALSE(result.lost[1].killed);
  CHECK(result.lost[2].key == "hangs");
  CHECK(result.lost[2].killed);
  CHECK(told == std::vector<std::string>{"record crashes", "record fails", "record hangs"});
}

TEST_CASE("a run that dies before any cell, or twice of one, is given up", "[harness][watched]") {
  const WatchedResult before = run_watched(
      [](WatchedSide&, const LostCells&) {
        crash();
        return 0;
      },
      [](const LostCell&) { FAIL(); }, kSoon);
  CHECK(before.gave_up);
  int lost = 0;
  const WatchedResult twice = run_watched(
      [](WatchedSide& side, const LostCells&) {
        side.begins("ceiling", "stream", "record");
        crash();
        return 0;
      },
      [&](const LostCell&) { ++lost; }, kSoon);
  CHECK(twice.gave_up);
  CHECK(lost == 1);
}

TEST_CASE("a kind of which one never ended, or two crashed, is left out", "[harness][watched]") {
  const WatchedResult result = run_watched(
      [](WatchedSide& side, const LostCells& lost) {
        for (const std::string kind : {"crashes", "hangs"}) {
          for (const char* number : {"1", "2", "3", "4"}) {
            if (lost.contains(kind + number, kind)) continue;
            side.begins(kind + number, kind, "record");
            if (kind == "hangs") pause();
            crash();
          }
        }
        return 0;
      },
      [](const LostCell&) {}, kSoon);
  CHECK(result.status == 0);
  REQUIRE(result.lost.size() == 3);
  CHECK(result.lost[1].key == "crashes2");
  CHECK(result.lost[2].key == "hangs1");
}
