#include "sim/report/output_folder.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "sim/config/config_error.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
namespace fs = std::filesystem;

TEST_CASE("a result folder appears whole on commit and not before", "[report][output_folder]") {
  const TemporaryFolder temporary;
  const fs::path place = temporary.path() / "new" / "results";
  {
    OutputFolder folder(place.string() + "/", false);  // with a slash at its end
    folder.write("summary.txt", "s");
    folder.append("points.csv", "a");
    folder.append("points.csv", "b");
    CHECK_FALSE(fs::exists(place));
    folder.commit();
  }
  CHECK(contents(place / "summary.txt") == "s");
  CHECK(contents(place / "points.csv") == "ab");
  CHECK(entries(place.parent_path()) == 1);
}

TEST_CASE("a result folder that is not committed leaves nothing behind",
          "[report][output_folder]") {
  const TemporaryFolder temporary;
  { OutputFolder(temporary.path() / "results", false).write("summary.txt", "s"); }
  CHECK(entries(temporary.path()) == 0);
}

TEST_CASE("a run that is stopped before it wrote anything leaves nothing behind",
          "[report][output_folder]") {
  const TemporaryFolder temporary;
  OutputFolder folder(temporary.path() / "results", false);
  CHECK(entries(temporary.path()) == 0);
  folder.commit();
  CHECK(fs::is_directory(temporary.path() / "results"));
}

TEST_CASE("earlier results are replaced when asked for, and stay when the new ones fail",
          "[report][output_folder]") {
  const TemporaryFolder temporary;
  const fs::path place = temporary.path() / "results";
  fs::create_directory(place);
  const std::string old = R"({"format":"helixsim/report/1", "old": true})";
  std::ofstream(place / "report.json") << old;
  CHECK_THROWS_WITH(OutputFolder(place, false),
                    "--out: " + place.string() + " exists; --overwrite replaces it");
  { OutputFolder(place, true).write("report.json", "half"); }
  CHECK(contents(place / "report.json") == old);
  {
    OutputFolder folder(place, true);
    folder.write("summary.txt", "new");
    folder.commit();
  }
  CHECK(contents(place / "summary.txt") == "new");
  CHECK_FALSE(fs::exists(place / "report.json"));
  CHECK(entries(temporary.path()) == 1);
}

TEST_CASE("a folder of something else is not replaced, an empty one is",
          "[report][output_folder]") {
  const TemporaryFolder temporary;
  const fs::path place = temporary.path() / "thesis";
  fs::create_directory(place);
  {
    OutputFolder folder(place, false);
    folder.write("summary.txt", "s");
    folder.commit();
  }
  CHECK(fs::exists(place / "summary.txt"));
  fs::remove(place / "summary.txt");
  std::ofstream(place / "chapter.txt") << "one";
  std::ofstream(place / "summary.txt") << "of the thesis";  // a common name is no sign of results
  CHECK_THROWS_WITH(
      OutputFolder(place, true),
      "--out: " + place.string() + " does not hold results of this program and is not replaced");
  CHECK(contents(place / "chapter.txt") == "one");
  CHECK_THROWS_WITH(OutputFolder(place / "chapter.txt", true),
                    "--out: " + (place / "chapter.txt").string() + " is a file, expected a folder");
  CHECK_THROWS_AS(OutputFolder(place / "chapter.txt" / "results", false), ConfigError);
}
