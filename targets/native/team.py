"""How threads come to run a program together, as LLVM IR. Four functions, linked to every program that is shared:

    void stepwell_run(ptr %pool, ptr %frame, i64 %wanted)   the caller: take idle workers, run with them, wait for them
    void stepwell_work(ptr %worker)                         a worker's life: wait for a job, run it, wait again
    void stepwell_barrier(ptr %frame)                       within a program: all of a team wait for one another
    void stepwell_stop(ptr %pool)                           idle workers come back, so that the code may be unloaded

The pool is one a process, whatever programs run in it. A run takes the workers that are idle: at most one fewer than
`wanted`, and no more than there are cores that neither a worker nor another caller is busy on. So nobody waits for a
thread that serves another, two callers of two cores run alone on one core each, and with one core nobody spins.

    pool      0 threads at work   4 cores   8 workers   128 the set of cores (Linux's 1024 bits)
              64 the most threads of a run for now   68 for how many runs   72 how many were idle
              from 256 on, 256 bytes each, the workers:
    worker    0 state   4 is asleep   8 frame   16 its number in the team   24 next of the team
              64 the system's number of the thread   68 the core that it is kept off, and one
    frame     0 arrived at the barrier   64 generation   68 how many sleep until it moves
              128 workers still at work   136 nanoseconds that they computed   144 runs   148 whether this one is timed
              192 threads of the team   200 the program's entry   from 256 on: the program's arguments

A worker is kept off its caller's core. Schedulers like to wake a thread where its waker runs, and let both share that
core for milliseconds, the one waiting at a barrier for the other, before they move one away.

Who waits looks again and again for a while, since work between two barriers takes microseconds; then it sleeps, so
that a thread which the machine has put aside for others finds a free core. Threads that wait for one that has been put
aside are slower than one alone: now and then we compare the time that the threads of a run computed with the time that
it took. Where they stood idle for 3/8 of it, in more runs than not, the next runs take half as many threads, and then
twice as many again. What is waited for, and what wakes, are words of their own cache lines.
Where the system has no futex, who waits sleeps for 0.1 ms (1 ms), and looks again.

A worker is idle (0), taken (1), at a job (2) or told to end (3). The caller leaves last: nothing touches the frame of
a run that is over. For that the last worker must see from the count that it takes down itself whether the caller
sleeps: SLEEPS is a bit of that count.
"""

from __future__ import annotations

from .team_system import system

IDLE_SPINS = 2000
"""Looks before a worker without a job sleeps, a pause each: 20 to 80 microseconds, about what it takes to wake one."""
SPINS = 10_000
"""Looks before a thread sleeps that waits for others of its team: 0.1 to 0.4 ms, since who sleeps loses its core for
milliseconds where others want it, and those others may only be on their way from sleep."""
TIMED_EVERY = 16
"""One run of so many, a power of two, is timed, and all where one has idled lately: it takes 4 microseconds."""
MOST_IDLE, MODEST_RUNS = 2, 7
"""Where so many more runs were idle for 3/8 of their time than were not, the next one that is makes so many modest."""
SLEEPS = -(1 << 31)
"""The bit of the count of workers still at work that says: the caller is asleep."""

TEXT = """
; Return when the word is no longer `value`. `sleepers`: how many must be woken when it changes.
define private void @wait(ptr %word, i32 %value, ptr %sleepers, i32 %spins) {{
entry:
  br label %look
look:
  %looks = phi i32 [ 0, %entry ], [ %more, %spin ], [ 0, %doze ]
  %now = load atomic i32, ptr %word acquire, align 4
  %moved = icmp ne i32 %now, %value
  br i1 %moved, label %done, label %same
same:
  %patient = icmp slt i32 %looks, %spins
  br i1 %patient, label %spin, label %doze
spin:
  call void @pause()
  %more = add i32 %looks, 1
  br label %look
doze:
  %1 = atomicrmw add ptr %sleepers, i32 1 seq_cst, align 4
  call void @sleep(ptr %word, i32 %value)
  %2 = atomicrmw sub ptr %sleepers, i32 1 seq_cst, align 4
  br label %look
done:
  ret void
}}

; After the word has changed (seq_cst, so that either we see who sleeps, or who is about to sleep sees the change).
define private void @wake_sleepers(ptr %word, ptr %sleepers) {{
  %asleep = load atomic i32, ptr %sleepers seq_cst, align 4
  %any = icmp ne i32 %asleep, 0
  br i1 %any, label %call, label %done
call:
  call void @wake(ptr %word)
  br label %done
done:
  ret void
}}

define void @stepwell_barrier(ptr %frame) {{
entry:
  %generation = getelementptr inbounds i8, ptr %frame, i64 64
  %sleepers = getelementptr inbounds i8, ptr %frame, i64 68
  %size = getelementptr inbounds i8, ptr %frame, i64 192
  %threads = load i32, ptr %size, align 8
  %alone = icmp eq i32 %threads, 1
  br i1 %alone, label %done, label %arrive
arrive:
  %mine = load atomic i32, ptr %generation acquire, align 4
  %before = atomicrmw add ptr %frame, i32 1 acq_rel, align 4
  %count = add i32 %before, 1
  %last = icmp eq i32 %count, %threads
  br i1 %last, label %open, label %others
open:
  store atomic i32 0, ptr %frame monotonic, align 4
  %1 = atomicrmw add ptr %generation, i32 1 seq_cst, align 4
  call void @wake_sleepers(ptr %generation, ptr %sleepers)
  br label %done
others:
  call void @wait(ptr %generation, i32 %mine, ptr %sleepers, i32 {spins})
  br label %done
done:
  ret void
}}

define void @stepwell_work(ptr %worker) {{
entry:
  %asleep = getelementptr inbounds i8, ptr %worker, i64 4
  %frame.at = getelementptr inbounds i8, ptr %worker, i64 8
  %number.at = getelementptr inbounds i8, ptr %worker, i64 16
  br label %idle
idle:
  %state = load atomic i32, ptr %worker acquire, align 4
  switch i32 %state, label %stay [ i32 2, label %job
                                   i32 3, label %end ]
stay:
  call void @wait(ptr %worker, i32 %state, ptr %asleep, i32 {idle_spins})
  br label %idle
job:
  %frame = load ptr, ptr %frame.at, align 8
  %number = load i64, ptr %number.at, align 8
  %program.at = getelementptr inbounds i8, ptr %frame, i64 200
  %program = load ptr, ptr %program.at, align 8
  %timed.at = getelementptr inbounds i8, ptr %frame, i64 148
  %timed = load i32, ptr %timed.at, align 4
  %computed.begin = call i64 @computed(i32 %timed)
  call void %program(ptr %frame, i64 %number)
  %computed.end = call i64 @computed(i32 %timed)
  %own = sub i64 %computed.end, %computed.begin
  %computed.at = getelementptr inbounds i8, ptr %frame, i64 136
  %1 = atomicrmw add ptr %computed.at, i64 %own monotonic, align 8
  store atomic i32 0, ptr %worker release, align 4
  %working = getelementptr inbounds i8, ptr %frame, i64 128
  %before = atomicrmw sub ptr %working, i32 1 seq_cst, align 4
  %last = icmp eq i32 %before, {last_and_sleeps}
  br i1 %last, label %rouse, label %idle
rouse:                                                       ; only the address: the frame may be gone
  call void @wake(ptr %working)
  br label %idle
end:
  ret void
}}

define void @stepwell_run(ptr %pool, ptr %frame, i64 %wanted) {{
entry:
  %cores.at = getelementptr inbounds i8, ptr %pool, i64 4
  %workers.at = getelementptr inbounds i8, ptr %pool, i64 8
  %size = getelementptr inbounds i8, ptr %frame, i64 192
  %working = getelementptr inbounds i8, ptr %frame, i64 128
  %program.at = getelementptr inbounds i8, ptr %frame, i64 200
  %program = load ptr, ptr %program.at, align 8
  %busy = atomicrmw add ptr %pool, i32 1 acq_rel, align 4
  %cores = load i32, ptr %cores.at, align 4
  %workers = load atomic i32, ptr %workers.at acquire, align 4
  %limit.at = getelementptr inbounds i8, ptr %pool, i64 64
  %runs.at = getelementptr inbounds i8, ptr %pool, i64 68
  %idled.at = getelementptr inbounds i8, ptr %pool, i64 72
  %computed.at = getelementptr inbounds i8, ptr %frame, i64 136
  %runs.so.far = getelementptr inbounds i8, ptr %frame, i64 144
  %timed.at = getelementptr inbounds i8, ptr %frame, i64 148
  %limit = load atomic i32, ptr %limit.at monotonic, align 4
  %idled = load atomic i32, ptr %idled.at monotonic, align 4
  %was.limited = icmp slt i32 %limit, %cores
  %left = sub i32 %cores, %busy
  %limited = icmp slt i32 %limit, %left
  %at.most = select i1 %limited, i32 %limit, i32 %left
  %free = sub i32 %at.most, 1
  %wanted.all = trunc i64 %wanted to i32
  %wanted.others = sub i32 %wanted.all, 1
  %fewer = icmp slt i32 %free, %wanted.others
  %most = select i1 %fewer, i32 %free, i32 %wanted.others
  br label %look

look:                                                        ; take up to %most of the workers that are idle
  %n = phi i32 [ 0, %entry ], [ %n.next, %next ]
  %taken = phi i32 [ 0, %entry ], [ %taken.next, %next ]
  %first = phi ptr [ null, %entry ], [ %first.next, %next ]
  %there = icmp slt i32 %n, %workers
  %needed = icmp slt i32 %taken, %most
  %go.on = and i1 %there, %needed
  br i1 %go.on, label %try, label %gathered
try:
  %n.next = add i32 %n, 1
  %offset.32 = mul i32 %n.next, 256
  %offset = sext i32 %offset.32 to i64
  %candidate = getelementptr inbounds i8, ptr %pool, i64 %offset
  %state = load atomic i32, ptr %candidate monotonic, align 4
  %idle = icmp eq i32 %state, 0
  br i1 %idle, label %take, label %next
take:
  %pair = cmpxchg ptr %candidate, i32 0, i32 1 acquire monotonic, align 4
  %mine = extractvalue {{ i32, i1 }} %pair, 1
  br i1 %mine, label %add, label %next
add:
  %taken.more = add i32 %taken, 1
  %number = sext i32 %taken.more to i64
  %c.frame = getelementptr inbounds i8, ptr %candidate, i64 8
  %c.number = getelementptr inbounds i8, ptr %candidate, i64 16
  %c.next = getelementptr inbounds i8, ptr %candidate, i64 24
  store ptr %frame, ptr %c.frame, align 8
  store i64 %number, ptr %c.number, align 8
  store ptr %first, ptr %c.next, align 8
  br label %next
next:
  %taken.next = phi i32 [ %taken, %try ], [ %taken, %take ], [ %taken.more, %add ]
  %first.next = phi ptr [ %first, %try ], [ %first, %take ], [ %candidate, %add ]
  br label %look

gathered:
  %threads = add i32 %taken, 1
  %threads.64 = sext i32 %threads to i64
  store i64 %threads.64, ptr %size, align 8
  %alone = icmp eq i32 %taken, 0
  br i1 %alone, label %run.alone, label %publish
run.alone:
  call void %program(ptr %frame, i64 0)
  br label %well
publish:
  %1 = atomicrmw add ptr %pool, i32 %taken acq_rel, align 4
  store atomic i32 %taken, ptr %working monotonic, align 4
  store i64 0, ptr %computed.at, align 8
  %so.far = load i32, ptr %runs.so.far, align 4
  %so.far.next = add i32 %so.far, 1
  store i32 %so.far.next, ptr %runs.so.far, align 4
  %phase = and i32 %so.far, {timed_every}
  %due = icmp eq i32 %phase, 0
  %suspicious = icmp ne i32 %idled, 0
  %time.it = or i1 %due, %suspicious
  %timed = zext i1 %time.it to i32
  store i32 %timed, ptr %timed.at, align 4
  %began = call i64 @now(i32 %timed)
  %computed.begin = call i64 @computed(i32 %timed)
  %core = call i32 @core()
  br label %send
send:
  %worker = phi ptr [ %first, %publish ], [ %following, %send ]
  %w.next = getelementptr inbounds i8, ptr %worker, i64 24
  %w.asleep = getelementptr inbounds i8, ptr %worker, i64 4
  %following = load ptr, ptr %w.next, align 8                ; read first: with its job done another may take it
  call void @keep_off(ptr %pool, ptr %worker, i32 %core)
  %2 = atomicrmw xchg ptr %worker, i32 2 seq_cst, align 4
  call void @wake_sleepers(ptr %worker, ptr %w.asleep)
  %sent = icmp eq ptr %following, null
  br i1 %sent, label %run, label %send
run:
  call void %program(ptr %frame, i64 0)
  br label %join

join:
  %looks = phi i32 [ 0, %run ], [ %more, %spin ]
  %pending = load atomic i32, ptr %working acquire, align 4
  %over = icmp eq i32 %pending, 0
  br i1 %over, label %back, label %wait
wait:
  %patient = icmp slt i32 %looks, {spins}
  br i1 %patient, label %spin, label %doze
spin:
  call void @pause()
  %more = add i32 %looks, 1
  br label %join
doze:
  %was = atomicrmw or ptr %working, i32 {sleeps} seq_cst, align 4
  %marked = or i32 %was, {sleeps}
  %all.back = icmp eq i32 %marked, {sleeps}
  br i1 %all.back, label %back, label %sleep
sleep:
  call void @sleep(ptr %working, i32 %marked)
  br label %doze

back:
  %computed.end = call i64 @computed(i32 %timed)
  %ended = call i64 @now(i32 %timed)
  %took = sub i64 %ended, %began
  %own = sub i64 %computed.end, %computed.begin
  %others.computed = load i64, ptr %computed.at, align 8
  %all.computed = add i64 %own, %others.computed
  %computed.8 = shl i64 %all.computed, 3
  %had = mul i64 %took, %threads.64
  %had.5 = mul i64 %had, 5
  %too.idle = icmp slt i64 %computed.8, %had.5               ; for 3/8 of the time
  br i1 %too.idle, label %fewer.next, label %well
fewer.next:
  %idled.more = add i32 %idled, 1
  %too.many = icmp sgt i32 %idled.more, {most_idle}
  br i1 %too.many, label %halve, label %note
note:
  store atomic i32 %idled.more, ptr %idled.at monotonic, align 4
  br i1 %was.limited, label %count, label %done
halve:
  %half = lshr i32 %threads, 1
  store atomic i32 %half, ptr %limit.at monotonic, align 4
  store atomic i32 {modest_runs}, ptr %runs.at monotonic, align 4
  br label %done
well:
  br i1 %was.limited, label %count, label %trust
count:
  %runs = load atomic i32, ptr %runs.at monotonic, align 4
  %runs.left = sub i32 %runs, 1
  %try.more = icmp slt i32 %runs.left, 1
  %double = shl i32 %limit, 1
  %limit.new = select i1 %try.more, i32 %double, i32 %limit
  %runs.new = select i1 %try.more, i32 {modest_runs}, i32 %runs.left
  store atomic i32 %limit.new, ptr %limit.at monotonic, align 4
  store atomic i32 %runs.new, ptr %runs.at monotonic, align 4
  br label %done
trust:
  %some = icmp ne i32 %idled, 0
  br i1 %some, label %forgive, label %done
forgive:
  %idled.less = sub i32 %idled, 1
  store atomic i32 %idled.less, ptr %idled.at monotonic, align 4
  br label %done

done:
  %3 = atomicrmw sub ptr %pool, i32 %threads acq_rel, align 4
  ret void
}}

; Tell the idle workers to end; one at a job stays.
define void @stepwell_stop(ptr %pool) {{
entry:
  %workers.at = getelementptr inbounds i8, ptr %pool, i64 8
  %workers = load atomic i32, ptr %workers.at acquire, align 4
  br label %look
look:
  %n = phi i32 [ 0, %entry ], [ %n.next, %next ]
  %there = icmp slt i32 %n, %workers
  br i1 %there, label %tell, label %done
tell:
  %n.next = add i32 %n, 1
  %offset.32 = mul i32 %n.next, 256
  %offset = sext i32 %offset.32 to i64
  %worker = getelementptr inbounds i8, ptr %pool, i64 %offset
  %asleep = getelementptr inbounds i8, ptr %worker, i64 4
  %pair = cmpxchg ptr %worker, i32 0, i32 3 seq_cst seq_cst, align 4
  %told = extractvalue {{ i32, i1 }} %pair, 1
  br i1 %told, label %rouse, label %next
rouse:
  call void @wake_sleepers(ptr %worker, ptr %asleep)
  br label %next
next:
  br label %look
done:
  ret void
}}
"""


def team(triple: str) -> str:
    """The functions for a machine of this triple."""
    text = TEXT.format(
        spins=SPINS,
        idle_spins=IDLE_SPINS,
        most_idle=MOST_IDLE,
        modest_runs=MODEST_RUNS,
        timed_every=TIMED_EVERY - 1,
        sleeps=SLEEPS,
        last_and_sleeps=SLEEPS + 1,
    )
    return f"{system(triple)}\n{text}"
