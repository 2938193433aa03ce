// Runs a grid of threads of a kernel that is there as machine code: each thread of a block is a fiber.
#include "shim/ptx.h"

extern "C" {
const void *stand_in_registers[] = {&fibers::thread.x, &fibers::thread.y, &fibers::thread.z,
                                    &fibers::block.x,  &fibers::block.y,  &fibers::block.z};

void stand_in_barrier(int) { fibers::barrier(); }

void stand_in_copy(char *to, const char *from, unsigned size, unsigned read) { ptx::start({to, from, size, read}); }

void stand_in_group() { ptx::commit(); }

void stand_in_wait(unsigned left) { ptx::wait(left); }

// Buffers and numbers are handed over alike; of those that a kernel does not take it knows nothing.
bool stand_in_launch(void *kernel, const long *v, const fibers::Place *blocks, const fibers::Place *threads)
{
  using Kernel = void (*)(long, long, long, long, long, long, long, long, long, long, long, long, long, long, long, long);
  return fibers::run(*blocks, *threads, [&] {
    reinterpret_cast<Kernel>(kernel)(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12],
                                     v[13], v[14], v[15]);
  });
}
}
