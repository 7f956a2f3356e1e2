#include "sim/replay/replay_case.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/config/suggest.hpp"

namespace helixsim {
namespace {

using nlohmann::json;

constexpr double kMostWork = 1e18;
constexpr double kMostSeconds = 1e9;
constexpr double kLeastRate = 1e-12;  // of capacities and caps
constexpr std::int64_t kMostId = std::int64_t{1} << 53;
constexpr std::size_t kMostTasks = 50'000'000;

/// Names of the resources and their places.
using Names = std::map<std::string, std::uint32_t, std::less<>>;

std::vector<ReplayCase::Resource> read_resources(const Node& node, Names& names) {
  const std::vector<std::string> kinds{"fifo", "link"};
  std::vector<ReplayCase::Resource> resources;
  for (const Node& one : node.array("resources")) {
    one.allow_only({"name", "kind", "capacity"});
    ReplayCase::Resource resource{.name = one.text("name"),
                                  .is_link = one.choice("kind", kinds) == 1,
                                  .capacity = one.number("capacity", {kLeastRate, kMostWork})};
    if (!names.emplace(resource.name, static_cast<std::uint32_t>(resources.size())).second) {
      one.at("name").fail("\"" + resource.name + "\" is the name of an earlier resource");
    }
    resources.push_back(std::move(resource));
  }
  return resources;
}

/// Reads tasks straight from JSON, since a case may have a million; a Node is made for a mistake
/// only.
class TaskReader {
 public:
  TaskReader(const Node& tasks, const ReplayCase& of, const Names& names)
      : tasks_(tasks), case_(of), names_(names) {}

  std::vector<ReplayCase::Task> read() {
    if (!tasks_.is_array()) tasks_.fail("expected a list of tasks");
    const json& all = tasks_.json();
    if (all.size() > kMostTasks) tasks_.fail("more than 50,000,000 tasks");
    std::vector<ReplayCase::Task> tasks;
    tasks.reserve(all.size());
    for (index_ = 0; index_ < all.size(); ++index_) tasks.push_back(read_task(all[index_]));
    order_by_id(tasks);
    for (const std::size_t place : order_) read_dependencies(all[place], place, tasks);
    return tasks;
  }

 private:
  [[nodiscard]] Node here() const { return tasks_.elements()[index_]; }

  ReplayCase::Task read_task(const json& task) {
    if (!task.is_object()) here().fail("expected a task, an object with its id");
    for (const auto& entry : task.items()) {
      const auto known = {"id", "work", "latency", "fifo", "links", "cap", "deps"};
      if (std::find(known.begin(), known.end(), entry.key()) == known.end()) {
        here().allow_only({"id", "work", "latency", "fifo", "links", "cap", "deps"});
      }
    }
    ReplayCase::Task read;
    const auto id = task.find("id");
    const auto whole = id == task.end() ? std::nullopt : whole_id(*id);
    read.id = whole ? *whole : here().integer("id", {0, kMostId});  // says what is wrong
    read.work = number(task, "work", {0.0, kMostWork}).value_or(0.0);
    read.latency = number(task, "latency", {0.0, kMostSeconds}).value_or(0.0);
    read.cap = number(task, "cap", {kLeastRate, kMostWork});
    if (const auto fifo = task.find("fifo"); fifo != task.end() && !fifo->is_null()) {
      read.fifo = resource(*fifo, "fifo", false);
    }
    if (const auto links = task.find("links"); links != task.end() && !links->is_null()) {
      if (!links->is_array()) here().at("links").fail("expected a list of links");
      for (const json& link : *links) {
        const std::uint32_t place = resource(link, "links", true);
        if (std::find(read.links.begin(), read.links.end(), place) != read.links.end()) {
          here().at("links").fail("link \"" + case_.resources[place].name + "\" is named twice");
        }
        read.links.push_back(place);
      }
    }
    if (read.cap && read.links.empty()) here().at("cap").fail("limits a flow; expected links too");
    return read;
  }

  /// An id, written 1 or 1.0.
  static std::optional<std::int64_t> whole_id(const json& id) {
    if (id.is_number_integer()) {  // not as a double, which rounds large ones
      const bool in_range = id >= 0 && id <= kMostId;
      return in_range ? std::optional(id.get<std::int64_t>()) : std::nullopt;
    }
    if (!id.is_number()) return std::nullopt;
    const double value = id.get<double>();
    const bool whole =
        value >= 0.0 && value <= static_cast<double>(kMostId) && value == std::floor(value);
    return whole ? std::optional(static_cast<std::int64_t>(value)) : std::nullopt;
  }

  std::optional<double> number(const json& task, const char* key, Range<double> range) const {
    const auto value = task.find(key);
    if (value == task.end() || value->is_null()) return std::nullopt;
    if (value->is_number()) {
      const double plain = value->get<double>();
      if (plain >= range.low && plain <= range.high) return plain;
    }
    return here().number(key, range);  // says what is wrong
  }

  std::uint32_t resource(const json& name, const char* key, bool link) const {
    const std::string text = name.is_string() ? name.get<std::string>() : name.dump();
    const auto found = names_.find(text);
    if (!name.is_string() || found == names_.end()) {
      std::vector<std::string> known;
      for (const auto& resource : case_.resources) {
        if (resource.is_link == link) known.push_back(resource.name);
      }
      here().at(key).fail(std::string("unknown ") + (link ? "link" : "fifo resource") + " \"" +
                          text + "\"" + suggestion(text, known));
    }
    if (case_.resources[found->second].is_link != link) {
      here().at(key).fail("\"" + text + "\" is a " + (link ? "fifo" : "link") + ", expected a " +
                          (link ? "link" : "fifo"));
    }
    return found->second;
  }

  void order_by_id(std::vector<ReplayCase::Task>& tasks) {
    order_.resize(tasks.size());
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    const auto by_id = [&](std::size_t a, std::size_t b) { return tasks[a].id < tasks[b].id; };
    if (!std::is_sorted(order_.begin(), order_.end(), by_id)) {
      std::stable_sort(order_.begin(), order_.end(), by_id);
    }
    std::vector<ReplayCase::Task> sorted;
    sorted.reserve(tasks.size());
    for (const std::size_t place : order_) {
      if (!sorted.empty() && sorted.back().id == tasks[place].id) {
        index_ = place;
        here().at("id").fail(std::to_string(tasks[place].id) + " is the id of an earlier task");
      }
      sorted.push_back(std::move(tasks[place]));
    }
    tasks = std::move(sorted);
    next_ = 0;
  }

  void read_dependencies(const json& task, std::size_t place,
                         std::vector<ReplayCase::Task>& tasks) {
    ReplayCase::Task& reader = tasks[next_++];
    const auto deps = task.find("deps");
    if (deps == task.end() || deps->is_null()) return;
    index_ = place;
    if (!deps->is_array()) here().at("deps").fail("expected a list of task ids");
    reader.after.reserve(deps->size());
    for (const json& dep : *deps) {
      const std::int64_t id = whole_id(dep).value_or(-1);
      const auto found =
          std::lower_bound(tasks.begin(), tasks.end(), id,
                           [](const ReplayCase::Task& t, std::int64_t key) { return t.id < key; });
      if (found == tasks.end() || found->id != id) {
        here().at("deps").fail("no task has the id " + dep.dump(-1, ' ', true));
      }
      reader.after.push_back(static_cast<std::uint32_t>(found - tasks.begin()));
    }
  }

  const Node& tasks_;
  const ReplayCase& case_;
  const Names& names_;
  std::size_t index_ = 0;  // of the task at hand, in the file
  std::vector<std::size_t> order_;
  std::size_t next_ = 0;
};

}  // namespace

ReplayCase read_replay_case(const Node& node) {
  if (!node.is_object()) node.fail("expected a case: an object with name, resources and tasks");
  ReplayCase read;
  read.name = node.text("name");
  Names names;
  if (node.has("resources")) read.resources = read_resources(node, names);
  const Node tasks = node.at("tasks");
  read.tasks = TaskReader(tasks, read, names).read();
  return read;
}

}  // namespace helixsim
