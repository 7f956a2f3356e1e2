#include "tests/bench/simgrid_replay.hpp"

#include <simgrid/s4u.hpp>

#include <functional>
#include <string>
#include <vector>

#include "sim/engine/task_graph.hpp"
#include "tests/bench/measure.hpp"

namespace helixsim::bench {
namespace {

namespace s4u = simgrid::s4u;

constexpr double kUnitsPerSecond = 1e12;  // amounts are picoseconds, or units of a picosecond

/// The settings under which SimGrid models what we do: no TCP, exact comparisons.
s4u::Engine& make_engine() {
  static int count = 1;
  static char name[] = "bench_simgrid";
  static char log[] = "--log=root.thres:warning";
  static char* words[] = {name, log, nullptr};
  count = 2;
  static s4u::Engine engine(&count, words);
  for (const char* setting :
       {"network/model:CM02", "network/TCP-gamma:0", "network/crosstraffic:0",
        "network/bandwidth-factor:1", "network/latency-factor:1", "network/weight-S:0",
        "surf/precision:1e-12", "maxmin/precision:1e-12"}) {
    s4u::Engine::set_config(std::string(setting));
  }
  return engine;
}

struct Hosts {
  std::vector<s4u::Host*> compute;
  std::vector<s4u::Host*> communication;
};

void run_actor(const std::string& name, s4u::Host* host, const std::function<void()>& code) {
  s4u::Actor::create(name, host, code);
}

/// A kernel holds its stream: on a host of its own, one execution at a time.
void kernel(const TaskGraph& graph, TaskId task) {
  s4u::this_actor::execute(static_cast<double>(graph.duration(task).picoseconds()));
}

/// Where the tasks of the decode graph are: see build_decode_graph().
struct DecodeIds {
  TaskId ranks;
  TaskId chunks = 8;

  TaskId per_layer() const { return ranks * (2 * chunks + 4) + 5; }
  TaskId attention(TaskId layer, TaskId chunk, TaskId rank) const {
    return 1 + layer * per_layer() + 2 * chunk * ranks + rank;
  }
  TaskId exchange(TaskId layer, TaskId chunk, TaskId rank) const {
    return attention(layer, chunk, rank) + ranks;
  }
  /// Projection, all-reduce, FFN, all-reduce.
  TaskId later(TaskId layer, TaskId which, TaskId rank) const {
    return 1 + layer * per_layer() + 2 * chunks * ranks + 1 + which * (ranks + 1) + rank;
  }
};

void rank_actor(const TaskGraph& graph, DecodeIds ids, TaskId layers, TaskId rank,
                s4u::Host* communication, const s4u::BarrierPtr& join) {
  std::vector<s4u::ExecPtr> exchanges(ids.chunks);
  for (TaskId layer = 0; layer < layers; ++layer) {
    for (TaskId chunk = 0; chunk < ids.chunks; ++chunk) {
      kernel(graph, ids.attention(layer, chunk, rank));
      const auto time = graph.duration(ids.exchange(layer, chunk, rank)).picoseconds();
      exchanges[chunk] = s4u::this_actor::exec_init(static_cast<double>(time));
      exchanges[chunk]->set_host(communication);
      exchanges[chunk]->start();
    }
    for (const s4u::ExecPtr& exchange : exchanges) exchange->wait();
    join->wait();
    for (TaskId which = 0; which < 4; ++which) {
      kernel(graph, ids.later(layer, which, rank));
      join->wait();
    }
  }
}

void compute_actor(const TaskGraph& graph, DecodeIds ids, TaskId layers, TaskId rank,
                   const s4u::SemaphorePtr& computed, const s4u::SemaphorePtr& communicated,
                   const s4u::BarrierPtr& join) {
  for (TaskId layer = 0; layer < layers; ++layer) {
    for (TaskId chunk = 0; chunk < ids.chunks; ++chunk) {
      kernel(graph, ids.attention(layer, chunk, rank));
      computed->release();
    }
    for (const TaskId which : {0U, 2U}) {
      communicated->acquire();
      kernel(graph, ids.later(layer, which, rank));
      join->wait();
      computed->release();
    }
    communicated->acquire();
  }
}

void communication_actor(const TaskGraph& graph, DecodeIds ids, TaskId layers, TaskId rank,
                         const s4u::SemaphorePtr& computed, const s4u::SemaphorePtr& communicated,
                         const s4u::BarrierPtr& join) {
  for (TaskId layer = 0; layer < layers; ++layer) {
    for (TaskId chunk = 0; chunk < ids.chunks; ++chunk) {
      computed->acquire();
      kernel(graph, ids.exchange(layer, chunk, rank));
    }
    join->wait();
    communicated->release();
    for (const TaskId which : {1U, 3U}) {
      computed->acquire();
      kernel(graph, ids.later(layer, which, rank));
      join->wait();
      communicated->release();
    }
  }
}

Hosts make_hosts(s4u::NetZone* zone, const Replay& replay) {
  Hosts hosts;
  for (int rank = 0; rank < replay.ranks; ++rank) {
    const std::string number = std::to_string(rank);
    hosts.compute.push_back(zone->create_host("compute" + number, kUnitsPerSecond));
    hosts.communication.push_back(zone->create_host("communication" + number, kUnitsPerSecond));
  }
  return hosts;
}

void make_decode_actors(const TaskGraph& graph, const Replay& replay) {
  s4u::NetZone* zone = s4u::create_empty_zone("rack");
  const Hosts hosts = make_hosts(zone, replay);
  zone->seal();
  const auto ranks = static_cast<TaskId>(replay.ranks);
  const auto layers = static_cast<TaskId>(replay.layers);
  const DecodeIds ids{.ranks = ranks};
  const s4u::BarrierPtr join = s4u::Barrier::create(ranks);
  const s4u::BarrierPtr other_join = s4u::Barrier::create(ranks);
  for (TaskId rank = 0; rank < ranks; ++rank) {
    s4u::Host* const compute = hosts.compute[rank];
    s4u::Host* const communication = hosts.communication[rank];
    if (replay.graph == "decode_by_rank") {
      run_actor("rank", compute,
                [=, &graph] { rank_actor(graph, ids, layers, rank, communication, join); });
      continue;
    }
    const s4u::SemaphorePtr computed = s4u::Semaphore::create(0);
    const s4u::SemaphorePtr communicated = s4u::Semaphore::create(0);
    run_actor("compute", compute, [=, &graph] {
      compute_actor(graph, ids, layers, rank, computed, communicated, join);
    });
    run_actor("communication", communication, [=, &graph] {
      communication_actor(graph, ids, layers, rank, computed, communicated, other_join);
    });
  }
}

/// Per rank an actor for attention and one for its flows; see build_exchange_graph().
void make_exchange_actors(const TaskGraph& graph, const Replay& replay) {
  s4u::NetZone* zone = s4u::create_star_zone("rack");
  const Hosts hosts = make_hosts(zone, replay);
  const auto ranks = static_cast<TaskId>(replay.ranks);
  for (TaskId rank = 0; rank < ranks; ++rank) {
    s4u::Host* const host = hosts.communication[rank];
    const auto port = [&](const char* name) {
      s4u::Link* link = zone->create_link(name + std::to_string(rank), kUnitsPerSecond);
      return std::vector{s4u::LinkInRoute(link->set_latency(0.0)->seal())};
    };
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, port("egress"), false);
    zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, port("ingress"), false);
  }
  zone->seal();
  const auto layers = static_cast<TaskId>(replay.layers);
  constexpr TaskId kChunks = 8;
  // Of a chunk: attention of all ranks, then of each rank its flows and their join.
  const TaskId per_chunk = ranks + ranks * ranks;
  const TaskId per_layer = kChunks * per_chunk + 1;
  const s4u::BarrierPtr join = s4u::Barrier::create(ranks);
  for (TaskId rank = 0; rank < ranks; ++rank) {
    const s4u::SemaphorePtr computed = s4u::Semaphore::create(0);
    const s4u::SemaphorePtr communicated = s4u::Semaphore::create(0);
    run_actor("compute", hosts.compute[rank], [=, &graph] {
      for (TaskId layer = 0; layer < layers; ++layer) {
        for (TaskId chunk = 0; chunk < kChunks; ++chunk) {
          kernel(graph, 1 + layer * per_layer + chunk * per_chunk + rank);
          computed->release();
        }
        communicated->acquire();
      }
    });
    run_actor("communication", hosts.communication[rank], [=, &graph] {
      std::vector<s4u::CommPtr> flows;
      for (TaskId layer = 0; layer < layers; ++layer) {
        for (TaskId chunk = 0; chunk < kChunks; ++chunk) {
          computed->acquire();
          flows.clear();
          TaskId task = 1 + layer * per_layer + chunk * per_chunk + ranks + rank * ranks;
          for (TaskId to = 0; to < ranks; ++to) {
            if (to == rank) continue;
            const double bytes = graph.flows()[graph.flow_of(task++)].work;
            flows.push_back(s4u::Comm::sendto_async(hosts.communication[rank],
                                                    hosts.communication[to],
                                                    static_cast<std::uint64_t>(bytes)));
          }
          for (const s4u::CommPtr& flow : flows) flow->wait();
        }
        join->wait();
        communicated->release();
      }
    });
  }
}

}  // namespace

ReplayResult replay_with_simgrid(const Replay& replay) {
  ReplayResult result;
  TaskGraph graph;
  result.excluded_seconds = seconds_of([&] { build_replay_graph(replay, graph); });
  s4u::Engine* engine = nullptr;
  result.build_seconds = seconds_of([&] {
    engine = &make_engine();
    if (replay.graph == "exchange") {
      make_exchange_actors(graph, replay);
    } else {
      make_decode_actors(graph, replay);
    }
  });
  result.run_seconds = seconds_of([&] { engine->run(); });
  result.makespan = s4u::Engine::get_clock() * kUnitsPerSecond;
  return result;
}

}  // namespace helixsim::bench
