"""What a team of threads asks of the machine and its system, as LLVM IR: private functions for `team.py`.

    void pause()                                    this thread only waits
    void sleep(ptr %word, i32 %value)               until the word is woken, if it still is %value
    void wake(ptr %word)                            all that sleep on it
    i64 now(i32 %timed)                             nanoseconds; 0 where nothing is timed
    i64 computed(i32 %timed)                        nanoseconds that this thread had a core
    i32 core()                                      the core that it runs on, -1 where that is not known
    void keep_off(ptr %pool, ptr %worker, i32 %core)
                                                    let a worker run on any core of the pool's set but this one

Where the system has no futex, who sleeps does so for 0.1 ms (1 ms), and nobody needs waking; where it is not Linux,
nothing is timed, and threads run where the system wants them.
"""

from __future__ import annotations

PAUSES = {
    "x86_64": "declare void @llvm.x86.sse2.pause()\ndefine private void @pause() alwaysinline {\n"
    "  call void @llvm.x86.sse2.pause()\n  ret void\n}",
    "aarch64": "declare void @llvm.aarch64.hint(i32)\ndefine private void @pause() alwaysinline {\n"
    "  call void @llvm.aarch64.hint(i32 1)\n  ret void\n}",
}
"""By architecture: the instruction that tells the core that this thread only waits."""
NO_PAUSE = "define private void @pause() alwaysinline {\n  ret void\n}"

FUTEX = {"x86_64": 202, "aarch64": 98, "riscv64": 98}
"""The number of Linux's system call, by architecture."""
SLEEP_LINUX = """
declare i64 @syscall(i64, ...)

define private void @sleep(ptr %word, i32 %value) {{          ; until woken, unless the word has changed already
  %1 = call i64 (i64, ...) @syscall(i64 {futex}, ptr %word, i32 128, i32 %value, ptr null)
  ret void
}}

define private void @wake(ptr %word) {{
  %1 = call i64 (i64, ...) @syscall(i64 {futex}, ptr %word, i32 129, i32 2147483647)
  ret void
}}
"""
CORES_LINUX = """
declare i32 @clock_gettime(i32, ptr)

define private i64 @clock(i32 %timed, i32 %which) {
entry:
  %time = alloca { i64, i64 }, align 8
  %asked = icmp ne i32 %timed, 0
  br i1 %asked, label %look, label %none
none:
  ret i64 0
look:
  %1 = call i32 @clock_gettime(i32 %which, ptr %time)
  %fraction.at = getelementptr inbounds i8, ptr %time, i64 8
  %seconds = load i64, ptr %time, align 8
  %fraction = load i64, ptr %fraction.at, align 8
  %whole = mul i64 %seconds, 1000000000
  %2 = add i64 %whole, %fraction
  ret i64 %2
}

define private i64 @now(i32 %timed) {
  %1 = call i64 @clock(i32 %timed, i32 1)
  ret i64 %1
}

define private i64 @computed(i32 %timed) {                              ; nanoseconds that this thread has had a core
  %1 = call i64 @clock(i32 %timed, i32 3)
  ret i64 %1
}

declare i32 @sched_getcpu()
declare i32 @sched_setaffinity(i32, i64, ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define private i32 @core() {
  %1 = call i32 @sched_getcpu()
  ret i32 %1
}

define private void @keep_off(ptr %pool, ptr %worker, i32 %core) {
entry:
  %mask = alloca [128 x i8], align 8
  %last = getelementptr inbounds i8, ptr %worker, i64 68
  %kept = load i32, ptr %last, align 4
  %now = add i32 %core, 1
  %same = icmp eq i32 %kept, %now
  %known = icmp ult i32 %core, 1024
  %unknown = xor i1 %known, true
  %leave = or i1 %same, %unknown
  br i1 %leave, label %done, label %move
move:
  store i32 %now, ptr %last, align 4
  %cores = getelementptr inbounds i8, ptr %pool, i64 128
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %mask, ptr align 8 %cores, i64 128, i1 false)
  %word.32 = lshr i32 %core, 3
  %word = zext i32 %word.32 to i64
  %byte = getelementptr inbounds i8, ptr %mask, i64 %word
  %shift.32 = and i32 %core, 7
  %shift = trunc i32 %shift.32 to i8
  %bit = shl i8 1, %shift
  %others = xor i8 %bit, -1
  %before = load i8, ptr %byte
  %after = and i8 %before, %others
  store i8 %after, ptr %byte
  %id.at = getelementptr inbounds i8, ptr %worker, i64 64
  %id = load i32, ptr %id.at, align 4
  %1 = call i32 @sched_setaffinity(i32 %id, i64 128, ptr %mask)
  br label %done
done:
  ret void
}
"""
CORES_ELSEWHERE = """
define private i64 @now(i32 %timed) {
  ret i64 0
}

define private i64 @computed(i32 %timed) {
  ret i64 0
}

define private i32 @core() {
  ret i32 -1
}

define private void @keep_off(ptr %pool, ptr %worker, i32 %core) {
  ret void
}
"""
SLEEP_ELSEWHERE = """
declare i32 @{offer}({type})

define private void @sleep(ptr %word, i32 %value) {{
  %1 = call i32 @{offer}({argument})
  ret void
}}

define private void @wake(ptr %word) {{
  ret void
}}
"""


def system(triple: str) -> str:
    """The functions for a machine of this triple."""
    architecture = triple.partition("-")[0].replace("arm64", "aarch64")
    if "linux" in triple and architecture in FUTEX:
        sleep = SLEEP_LINUX.format(futex=FUTEX[architecture])
    elif "windows" in triple:
        sleep = SLEEP_ELSEWHERE.format(offer="Sleep", type="i32", argument="i32 1")
    else:
        sleep = SLEEP_ELSEWHERE.format(offer="usleep", type="i32", argument="i32 100")
    cores = CORES_LINUX if "linux" in triple else CORES_ELSEWHERE
    return "\n".join((PAUSES.get(architecture, NO_PAUSE), sleep, cores))
