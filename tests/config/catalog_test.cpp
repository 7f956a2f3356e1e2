#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace helixsim;
using Catch::Matchers::Equals;

namespace {

/// A data folder with the models "alpha" and "beta".
struct DataFolder {
  DataFolder() {
    std::filesystem::create_directories(folder.path() / "configs/models");
    for (const std::string name : {"beta", "alpha"}) {
      (void)folder.file("configs/models/" + name + ".json", "{\"name\": \"" + name + "\"}");
    }
    (void)folder.file("configs/models/notes.txt", "not a model");
  }
  TemporaryFolder folder;
  Catalog catalog{folder.path()};
};

}  // namespace

TEST_CASE("a folder's names are those of its JSON files, sorted", "[config][catalog]") {
  const DataFolder data;
  CHECK(data.catalog.names("configs/models") == std::vector<std::string>{"alpha", "beta"});
  CHECK(data.catalog.names("configs/nothing").empty());
}

TEST_CASE("a file is read by name, by path, and by path below the data folder",
          "[config][catalog]") {
  const DataFolder data;
  const auto name_in = [&](const std::string& text) {
    return data.catalog.read("configs/models", text, "--model").text("name");
  };
  CHECK(name_in("alpha") == "alpha");
  CHECK(name_in((data.folder.path() / "configs/models/beta.json").string()) == "beta");
  CHECK(name_in("configs/models/beta.json") == "beta");
}

TEST_CASE("an unknown name is answered with the flag and the nearest name", "[config][catalog]") {
  const DataFolder data;
  CHECK_THROWS_WITH(data.catalog.read("configs/models", "alhpa", "--model"),
                    Equals("--model: no \"alhpa\" in configs/models; did you mean \"alpha\"?"));
  CHECK_THROWS_WITH(data.catalog.read("configs/models", "zzzzz", "--model"),
                    Equals("--model: no \"zzzzz\" in configs/models; expected one of alpha, beta"));
  CHECK_THROWS_WITH(data.catalog.read("configs/models", "missing/x.json", "--model"),
                    Equals("missing/x.json: no such file"));
}
