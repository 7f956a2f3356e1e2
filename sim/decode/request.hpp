#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/catalog.hpp"
#include "sim/config/node.hpp"
#include "sim/config/override.hpp"
#include "sim/decode/point.hpp"
#include "sim/decode/setup.hpp"

namespace helixsim {

/// What a study needs beside its points, as a user writes it: names or paths, formats and schedule
/// options.
struct SetupRequest {
  std::string model;
  std::string system = "gb200_nvl72";
  std::string fidelity = {};  ///< empty: measured where the system has it, else paper
  std::string all_reduce = "auto";
  PrecisionRequest precision;
  ScheduleOptions options;
  std::vector<GivenOption> given_options;
  RackSpec rack;
};

/// Keys of a setup in a JSON object: system, fidelity, precision, weights, kv, attention_math,
/// activations, all_reduce (and model), those of the schedule (option_keys), and those of a rack
/// (rack_keys).
std::vector<std::string_view> setup_keys();
/// Reads those keys that are there; a preset of formats is looked up in the catalog, and single
/// formats beside it win. Errors: ConfigError.
void read_setup_keys(const Node& node, const Catalog& catalog, SetupRequest& request);

/// Opens the model and the system. Overrides below "model." and "system." change those files;
/// others are an error here. Errors: ConfigError.
Setup make_setup(const SetupRequest& request, const Catalog& catalog,
                 std::span<const Override> overrides);

/// Splits `--set` overrides into those of model and system files and the rest, which belong to the
/// file at hand.
struct SplitOverrides {
  std::vector<Override> setup;
  std::vector<Override> file;
};
SplitOverrides split_overrides(std::span<const Override> overrides);

/// A context as a number of tokens or a text such as "64k". Errors: ConfigError.
double read_context(const Node& node);

/// The contexts of `requests` requests: one for all, a list or "64k,1M" with one each, or
/// {"uniform": [low, high]}, "uniform:64k:1M", drawn with the seed of the rack. Errors:
/// ConfigError.
struct Contexts {
  double mean = 1e6;
  std::vector<double> each;  ///< empty when all are equal
};
Contexts read_contexts_of(const Node& node, int requests, std::uint64_t seed);

/// A HOP-B mode: a chunk count, or one of `names`. Errors: ConfigError.
HopB read_hop_b(const Node& node, std::span<const std::string> names);

/// Reads the point of an object with the keys strategy, tpa, kvp, dp, tpf, ep, pp, batch, context
/// and hop_b, all of them optional but strategy: widths that are left out are 1, tpf fills what tpf
/// * ep needs. Errors: ConfigError.
Point read_point(const Node& node, const Setup& setup);
std::vector<std::string_view> point_keys();
/// Keys of a "helixsim/point/1" file: those of a setup and of a point.
std::vector<std::string_view> point_file_keys();

}  // namespace helixsim
