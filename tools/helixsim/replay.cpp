#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/config/catalog.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/json_file.hpp"
#include "sim/replay/replay.hpp"
#include "tools/helixsim/common.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr const char* kExample = R"(Example:
  helixsim replay configs/replay/hop_b.jsonl
One case a line: {"name", "resources": [{"name", "kind": "fifo" or "link",
"capacity"}], "tasks": [{"id", "work", "latency", "fifo", "links", "cap",
"deps"}]}. One answer a line, in the same order: {"name", "start", "finish",
"makespan"}, or {"name", "error"} for a case that is wrong. - reads standard
input. The rules are in docs/design.md, section 4.)";

/// The answer to one line; false when the case is wrong.
bool answer(const std::string& line, const std::string& place, Replay& replay) {
  nlohmann::ordered_json out;
  out["name"] = nullptr;
  std::string wrong;
  try {
    const Node node = parse_json(line, place);
    if (node.is_object() && node.has("name")) out["name"] = node.at("name").json();
    const ReplayCase replay_case = read_replay_case(node);
    try {
      const ReplayResult result = replay.run(replay_case);
      out["start"] = result.start;
      out["finish"] = result.finish;
      out["makespan"] = result.makespan;
      if (result.loses_digits) {
        tell("warning: {}: times below 2e-9 of the sum of all are not exact to 1e-9\n", place);
      }
    } catch (const ConfigError& error) {
      throw ConfigError(place + ": " + error.what());
    }
  } catch (const ConfigError& error) {
    wrong = error.what();
  } catch (const std::bad_alloc&) {
    wrong = place + ": the case does not fit into memory";
    replay = Replay();  // may have been left half prepared
  } catch (const std::exception& error) {
    wrong = place + ": internal error: " + error.what();
    replay = Replay();
  }
  if (!wrong.empty()) {
    tell("helixsim: {}\n", wrong);
    out["error"] = wrong;
  }
  std::cout << out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
  return wrong.empty();
}

/// As other files on the command line: in the working folder, then in the data folder. The data is
/// not needed otherwise, so that it may be missing.
std::string located(const std::string& file) {
  std::error_code error;
  if (file == "-" || std::filesystem::exists(file, error)) return file;
  try {
    const auto path = Catalog::find().root() / file;
    return std::filesystem::exists(path, error) ? path.string() : file;
  } catch (const ConfigError&) {
    return file;
  }
}

int run(const std::string& name) {
  const std::string file = located(name);
  std::ifstream opened;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    if (!opened || std::filesystem::is_directory(file)) {
      throw ConfigError(file + ": " +
                        (std::filesystem::exists(file) ? "cannot be read" : "no such file"));
    }
  }
  std::istream& in = file == "-" ? std::cin : opened;
  Replay replay;
  int status = kDone;
  std::size_t number = 0;
  std::size_t cases = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    ++cases;
    if (!answer(line, fmt::format("{}:{}", file, number), replay)) status = kWrongInput;
  }
  if (in.bad()) throw ConfigError(file + ": a line cannot be read");
  if (cases == 0) throw ConfigError(file + ": holds no case");
  return status;
}

}  // namespace

void add_replay(CLI::App& program, int& status) {
  auto file = std::make_shared<std::string>();
  CLI::App& app =
      *program.add_subcommand("replay", "The engine on plain task graphs, one case a line");
  app.footer(kExample);
  app.add_option("file", *file, "JSON lines, - for standard input")->required()->type_name("FILE");
  app.callback([file, &status] { status = run(*file); });
}

}  // namespace helixsim
