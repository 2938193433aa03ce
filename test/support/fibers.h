// Threads of a GPU on one core of a CPU: each thread of a block is a fiber with a stack of its own (ucontext), which runs
// until it waits for others. Blocks run one after the other, so memory that a block shares can be a static variable.
//
//     fibers::run({2, 1, 1}, {64, 1, 1}, [&] { scale(x, out); });     // false where threads wait for ever
//
// Inside, `fibers::thread`, `block`, `blocks` and `threads` are the numbers of the thread that runs; `fibers::barrier()`
// waits for its whole block, `fibers::meet(meeting, count)` for as many threads as `count`, of whatever group has that
// meeting (a warp, say): what they wrote before, all of them see after.
#pragma once
#include <ucontext.h>
#include <memory>
#include <vector>

namespace fibers {
struct Place { unsigned x, y, z; };
inline Place blocks, threads, block, thread;

struct Meeting { unsigned arrived = 0, turn = 0; };

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  Place thread;
  bool done;
};

constexpr size_t STACK = 1 << 18;
inline std::vector<Fiber> pool;
inline ucontext_t home;
inline Fiber *running;
inline Meeting whole;
inline bool moved;  // whether any thread got on since it was looked at

inline unsigned count() { return threads.x * threads.y * threads.z; }
inline unsigned rank() { return thread.x + threads.x * (thread.y + threads.y * thread.z); }

inline void meet(Meeting &meeting, unsigned members) {
  moved = true;
  unsigned turn = meeting.turn;
  if (++meeting.arrived == members) {
    meeting.arrived = 0;
    meeting.turn++;
    return;
  }
  while (meeting.turn == turn) swapcontext(&running->context, &home);
}

inline void barrier() { meet(whole, count()); }

template <class Body> void enter(unsigned low, unsigned high) {
  (*reinterpret_cast<Body *>(size_t(high) << 32 | low))();
  running->done = moved = true;
}

template <class Body> bool run_block(Body &body) {
  const size_t address = reinterpret_cast<size_t>(&body);
  whole = Meeting();
  if (pool.size() < count()) pool.resize(count());
  for (unsigned n = 0; n < count(); n++) {
    Fiber &fiber = pool[n];
    if (!fiber.stack) fiber.stack.reset(new char[STACK]);
    fiber.thread = {n % threads.x, n / threads.x % threads.y, n / threads.x / threads.y};
    fiber.done = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = STACK;
    fiber.context.uc_link = &home;
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(enter<Body>), 2, unsigned(address), unsigned(address >> 32));
  }
  for (unsigned left = count(); left > 0;) {
    moved = false;
    for (unsigned n = 0; n < count(); n++) {
      if (pool[n].done) continue;
      running = &pool[n];
      thread = running->thread;
      swapcontext(&home, &running->context);
      left -= running->done;
    }
    if (!moved) return false;
  }
  return true;
}

// Run `body` once for each thread of a grid.
template <class Body> bool run(Place grid, Place size, Body body) {
  blocks = grid;
  threads = size;
  for (block.z = 0; block.z < grid.z; block.z++)
    for (block.y = 0; block.y < grid.y; block.y++)
      for (block.x = 0; block.x < grid.x; block.x++)
        if (!run_block(body)) return false;
  return true;
}

// What a launch hands a kernel: a buffer, or a number.
struct Argument {
  void *value;
  template <class T> operator T *() const { return static_cast<T *>(value); }
  operator const int &() const { return *static_cast<const int *>(value); }
};
}  // namespace fibers
