#include "tests/replay/case_families.hpp"

#include <utility>
#include <vector>

#include "tests/support/random.hpp"

namespace helixsim {
namespace {

using Places = std::vector<std::uint32_t>;

/// A case under construction with its source of numbers.
struct Maker {
  Maker(std::uint32_t seed, Numbers of)
      : random(seed * 4 + static_cast<std::uint32_t>(of)), numbers(of) {}

  /// Of work and latency, above zero.
  Decimal amount() {
    switch (numbers) {
      case Numbers::Decimals:
        return {random.between(100, 900), 100};
      case Numbers::Whole:
        return {random.between(1, 3), 1};
      case Numbers::Wide:
        return {random.between(1, 9) * random.pick<int>({1, 10, 100, 10'000}), 1000};
      default:
        return {random.between(1, 12), random.coin() ? 1 : 10};
    }
  }
  Decimal amount_or_zero() { return random.between(0, 3) == 0 ? Decimal{0, 1} : amount(); }
  Decimal latency() { return random.coin() ? Decimal{0, 1} : amount(); }
  Decimal capacity() {
    switch (numbers) {
      case Numbers::Decimals:
        return {random.between(1, 10), 1};
      case Numbers::Whole:
        return {random.between(1, 4), 1};
      case Numbers::Wide:
        return {random.between(1, 9) * random.pick<int>({1, 10}), 10};
      default:
        return {random.pick<int>({1, 3, 7, 9, 11, 13, 17, 19, 23}), random.pick<int>({1, 1, 10})};
    }
  }
  std::optional<Decimal> cap() {
    return random.between(0, 3) == 0 ? std::optional(capacity()) : std::nullopt;
  }
  /// `count` different places of `of`.
  Places some(Places of, int count) {
    Places chosen;
    for (; count > 0 && !of.empty(); --count) {
      const auto place =
          static_cast<std::ptrdiff_t>(random.between(0, static_cast<int>(of.size()) - 1));
      chosen.push_back(of[static_cast<std::size_t>(place)]);
      of.erase(of.begin() + place);
    }
    return chosen;
  }

  Places fifos(int count, bool equal) {
    Places made;
    const Decimal same = capacity();
    for (int i = 0; i < count; ++i) made.push_back(exact.add_fifo(equal ? same : capacity()));
    return made;
  }
  Places links(int count, bool equal) {
    Places made;
    const Decimal same = capacity();
    for (int i = 0; i < count; ++i) made.push_back(exact.add_link(equal ? same : capacity()));
    return made;
  }

  Random random;
  Numbers numbers;
  ExactCase exact;
};

ExactCase chain(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const Places fifos = make.fifos(2, false);
  const Places links = make.links(2, false);
  // Several chains side by side, so that equal sums meet in the queues.
  const int chains = make.random.between(1, 3);
  for (int c = 0; c < chains; ++c) {
    Places before;
    for (int i = make.random.between(3, 15); i > 0; --i) {
      ExactCase::Task task{.latency = make.latency(), .after = before};
      const int kind = make.random.between(0, 3);
      if (kind > 0) task.work = make.amount_or_zero();
      if (kind == 1 || kind == 2) task.fifo = make.random.pick(fifos);
      if (kind >= 2) task.links = make.some(links, make.random.between(1, 2));
      before = {make.exact.add(task)};
    }
  }
  return make.exact;
}

ExactCase forkjoin(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const int width = make.random.between(2, 5);
  // Fewer resources than branches: branches queue.
  const Places fifos = make.fifos(make.random.between(1, width), make.random.coin());
  std::uint32_t join = make.exact.add({});
  for (int repeat = make.random.between(1, 4); repeat > 0; --repeat) {
    Places branches;
    for (int i = 0; i < width; ++i) {
      Places after{join};
      for (int length = make.random.between(1, 2); length > 0; --length) {
        after = {make.exact.add({.work = make.amount_or_zero(),
                                 .latency = make.latency(),
                                 .fifo = make.random.pick(fifos),
                                 .after = after})};
      }
      branches.push_back(after.front());
    }
    join = make.exact.add({.after = branches});
  }
  return make.exact;
}

ExactCase fifo_ties(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const Places fifos = make.fifos(make.random.between(1, 4), make.random.coin());
  // In a random order of ids: dependencies lead to lower ids as well.
  const int count = make.random.between(5, 30);
  Places order;
  for (int i = 0; i < count; ++i) order.push_back(static_cast<std::uint32_t>(i));
  order = make.some(order, count);
  make.exact.tasks.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) {
    ExactCase::Task& task = make.exact.tasks[order[i]];
    task.work = make.amount_or_zero();
    task.latency = make.latency();
    if (make.random.between(0, 4) > 0) task.fifo = make.random.pick(fifos);
    for (int edges = make.random.between(0, 2); edges > 0 && i > 0; --edges) {
      task.after.push_back(
          order[static_cast<std::size_t>(make.random.between(0, static_cast<int>(i) - 1))]);
    }
  }
  return make.exact;
}

ExactCase shared(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const Places links = make.links(make.random.between(1, 5), make.random.coin());
  for (int i = make.random.between(2, 14); i > 0; --i) {
    ExactCase::Task task{.work = make.amount_or_zero(),
                         .latency = make.latency(),
                         .links = make.some(links, make.random.between(1, 3)),
                         .cap = make.cap()};
    if (!make.exact.tasks.empty() && make.random.between(0, 3) == 0) {
      task.after = {static_cast<std::uint32_t>(
          make.random.between(0, static_cast<int>(make.exact.tasks.size()) - 1))};
    }
    make.exact.add(task);
  }
  return make.exact;
}

ExactCase hopb(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const int ranks = make.random.between(1, 4);
  const bool ports = make.random.coin();
  const bool barrier = make.random.coin();
  const bool equal = make.random.coin();
  const Decimal attention = make.amount();
  const Decimal exchange = make.amount();
  const Places compute = make.fifos(ranks, true);
  const Places copy = make.fifos(ranks, true);
  const Places out = make.links(ports ? ranks : 0, equal);
  const Places in = make.links(ports ? ranks : 0, equal);
  Places last(static_cast<std::size_t>(ranks));
  for (int chunk = 0, chunks = make.random.between(2, 6); chunk < chunks; ++chunk) {
    Places attended;
    for (std::size_t rank = 0; rank < last.size(); ++rank) {
      ExactCase::Task task{.work = equal ? attention : make.amount(), .fifo = compute[rank]};
      if (chunk > 0) task.after = {last[rank]};
      last[rank] = make.exact.add(task);
      attended.push_back(last[rank]);
    }
    for (std::size_t rank = 0; rank < last.size(); ++rank) {
      ExactCase::Task task{.work = exchange, .fifo = copy[rank]};
      task.after = barrier ? attended : Places{last[rank]};
      if (ports)
        task.links = {out[rank], in[(rank + 1 + static_cast<std::size_t>(chunk)) % in.size()]};
      make.exact.add(task);
    }
  }
  return make.exact;
}

ExactCase alltoall(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const int ranks = make.random.between(2, 6);
  const bool jitter = make.random.coin();
  const Places out = make.links(ranks, make.random.coin());
  const Places in = make.links(ranks, make.random.coin());
  const Places core = make.links(make.random.between(0, 1), true);
  const Places work = make.fifos(ranks, true);
  const Decimal size = make.amount();
  // Two rounds; the second starts rank by rank, as messages arrive.
  Places received(static_cast<std::size_t>(ranks));
  for (int round = 0; round < 2; ++round) {
    std::vector<Places> arriving(received.size());
    for (std::size_t from = 0; from < received.size(); ++from) {
      for (std::size_t to = 0; to < received.size(); ++to) {
        if (from == to) continue;
        ExactCase::Task task{.work = jitter ? make.amount() : size, .links = {out[from], in[to]}};
        if (!core.empty()) task.links.push_back(core.front());
        if (round > 0) task.after = {received[from]};
        arriving[to].push_back(make.exact.add(task));
      }
    }
    for (std::size_t rank = 0; rank < received.size(); ++rank) {
      received[rank] = make.exact.add(
          {.work = make.amount_or_zero(), .fifo = work[rank], .after = arriving[rank]});
    }
  }
  return make.exact;
}

ExactCase ring(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const int ranks = make.random.between(2, 6);
  const bool global = make.random.coin();
  const bool equal = make.random.coin();
  const Places out = make.links(ranks, equal);
  const Places in = make.links(ranks, equal);
  const Decimal latency = make.latency();
  Decimal size = make.amount();
  Places before;
  for (int step = 0; step < 2 * (ranks - 1); ++step) {
    Places now;
    for (std::size_t rank = 0; rank < out.size(); ++rank) {
      const std::size_t left = (rank + out.size() - 1) % out.size();
      ExactCase::Task task{.work = equal ? size : make.amount(),
                           .latency = latency,
                           .links = {out[rank], in[(rank + 1) % in.size()]}};
      if (step > 0) task.after = global ? before : Places{before[rank], before[left]};
      now.push_back(make.exact.add(task));
    }
    before = now;
  }
  return make.exact;
}

ExactCase straggler(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const int ranks = make.random.between(2, 5);
  Places gpus = make.fifos(ranks - 1, true);
  gpus.push_back(make.exact.add_fifo(make.capacity()));
  const Places out = make.links(ranks, true);
  const Places in = make.links(ranks, true);
  const bool barrier = make.random.coin();
  const Decimal work = make.amount();
  const Decimal size = make.amount_or_zero();
  std::vector<Places> before(gpus.size());
  for (int layer = make.random.between(1, 3); layer > 0; --layer) {
    Places computed;
    for (std::size_t rank = 0; rank < gpus.size(); ++rank) {
      computed.push_back(make.exact.add({.work = work, .fifo = gpus[rank], .after = before[rank]}));
    }
    const std::uint32_t join = make.exact.add({.latency = make.latency(), .after = computed});
    for (Places& tasks : before) tasks.clear();
    for (std::size_t from = 0; from < gpus.size(); ++from) {
      for (std::size_t to = 0; to < gpus.size(); ++to) {
        if (from == to) continue;
        before[to].push_back(
            make.exact.add({.work = size,
                            .links = {out[from], in[to]},
                            .after = barrier ? Places{join} : Places{computed[from]}}));
      }
    }
  }
  return make.exact;
}

ExactCase gated(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const int ranks = make.random.between(2, 4);
  const bool equal = make.random.coin();
  const Places gpus = make.fifos(ranks, equal);
  const Places copies = make.fifos(ranks, equal);
  const Places out = make.links(ranks, equal);
  const Places in = make.links(ranks, equal);
  const Decimal work = make.amount();
  const Decimal size = make.amount();
  for (int round = make.random.between(1, 4); round > 0; --round) {
    for (std::size_t rank = 0; rank < gpus.size(); ++rank) {
      const std::uint32_t computed =
          make.exact.add({.work = equal ? work : make.amount(), .fifo = gpus[rank]});
      const auto to =
          (rank + static_cast<std::size_t>(make.random.between(1, ranks - 1))) % gpus.size();
      make.exact.add({.work = equal ? size : make.amount(),
                      .latency = make.latency(),
                      .fifo = copies[make.random.between(0, 3) == 0 ? to : rank],
                      .links = {out[rank], in[to]},
                      .cap = make.cap(),
                      .after = {computed}});
    }
  }
  return make.exact;
}

ExactCase mixed(std::uint32_t seed, Numbers numbers) {
  Maker make(seed, numbers);
  const Places fifos = make.fifos(make.random.between(1, 3), false);
  const Places links = make.links(make.random.between(1, 4), false);
  const int count = make.random.between(6, 35);
  Places order;
  for (int i = 0; i < count; ++i) order.push_back(static_cast<std::uint32_t>(i));
  if (make.random.coin()) order = make.some(order, count);
  make.exact.tasks.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) {
    ExactCase::Task& task = make.exact.tasks[order[i]];
    task.work = make.amount_or_zero();
    task.latency = make.latency();
    const int kind = make.random.between(0, 5);
    if (kind >= 1 && kind <= 3) task.fifo = make.random.pick(fifos);
    if (kind >= 3) task.links = make.some(links, make.random.between(1, 3));
    if (!task.links.empty() || make.random.between(0, 5) == 0) task.cap = make.cap();
    for (int edges = make.random.between(0, 3); edges > 0 && i > 0; --edges) {
      task.after.push_back(
          order[static_cast<std::size_t>(make.random.between(0, static_cast<int>(i) - 1))]);
    }
  }
  return make.exact;
}

}  // namespace

std::span<const CaseFamily> case_families() {
  static constexpr CaseFamily kFamilies[] = {
      {"chain", chain}, {"forkjoin", forkjoin}, {"fifo_ties", fifo_ties}, {"shared", shared},
      {"hopb", hopb},   {"alltoall", alltoall}, {"ring", ring},           {"straggler", straggler},
      {"gated", gated}, {"mixed", mixed},
  };
  return kFamilies;
}

}  // namespace helixsim
