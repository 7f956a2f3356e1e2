#include "sim/engine/task_graph.hpp"

namespace helixsim {

ResourceId TaskGraph::add_resource(ResourceKind kind) {
  ensure(!sealed_, "a sealed graph takes no more resources");
  const auto id = static_cast<ResourceId>(resource_kinds_.size());
  ensure(id != kNoResource, "too many resources for 32-bit ids");
  resource_kinds_.push_back(kind);
  return id;
}

void TaskGraph::seal() {
  ensure(!sealed_, "the graph is sealed already");
  ensure(dependencies_.size() <= std::numeric_limits<std::uint32_t>::max(),
         "too many dependencies for 32-bit offsets");
  indegrees_.assign(task_count(), 0);
  offsets_.assign(task_count() + 1, 0);
  successors_.resize(dependencies_.size());

  for (const Dependency& dependency : dependencies_) {
    ++offsets_[dependency.before];
    ++indegrees_[dependency.after];
  }
  std::uint32_t end = 0;
  for (std::uint32_t& offset : offsets_) {
    end += offset;
    offset = end;
  }
  // Each offset is the end of its task's range now; filling backwards moves it to the beginning.
  for (auto dependency = dependencies_.rbegin(); dependency != dependencies_.rend(); ++dependency) {
    successors_[--offsets_[dependency->before]] = dependency->after;
  }
  sealed_ = true;
}

void TaskGraph::clear() {
  resource_kinds_.clear();
  latencies_.clear();
  works_.clear();
  resources_.clear();
  dependencies_.clear();
  indegrees_.clear();
  offsets_.clear();
  successors_.clear();
  sealed_ = false;
}

}  // namespace helixsim
