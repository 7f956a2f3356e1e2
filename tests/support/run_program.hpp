#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace helixsim {

/// What a run of the program left behind.
struct ProgramRun {
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs a line of shell in `folder` with the program on PATH and the project's data, for at most
/// two minutes (status 124 beyond).
inline ProgramRun run_shell(const std::string& line, const std::filesystem::path& folder) {
  const TemporaryFolder outputs;
  const std::string script = outputs.file("line.sh", line + "\n");
  const auto out = outputs.path() / "out";
  const auto err = outputs.path() / "err";
  const std::string programs = std::filesystem::path(HELIXSIM_BINARY).parent_path().string();
  const std::string command =
      "cd '" + folder.string() + "' && PATH='" + programs +
      "':\"$PATH\" HELIXSIM_DATA='" HELIXSIM_SOURCE_DIR "' timeout 120 sh '" + script + "' >'" +
      out.string() + "' 2>'" + err.string() + "' </dev/null";
  const int waited = std::system(command.c_str());
  return {.status = WIFEXITED(waited) ? WEXITSTATUS(waited) : -1,
          .out = contents(out),
          .err = contents(err)};
}

/// Runs `helixsim` with these arguments as typed into a shell.
inline ProgramRun run_helixsim(const std::string& arguments, const std::filesystem::path& folder) {
  return run_shell("helixsim " + arguments, folder);
}
inline ProgramRun run_helixsim(const std::string& arguments) {
  return run_helixsim(arguments, std::filesystem::temp_directory_path());
}

}  // namespace helixsim
