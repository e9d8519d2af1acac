-- title: Nothing is freed while a CPU is in the system call that it was in when that was given up
-- points: 5
-- level: core
-- run: readers
-- least: 4
-- hint: Compare the two events in `vitrine events`: whoever was in the kernel at rcu_call has to leave it (syscall_exit) before rcu_free.
WITH reads AS MATERIALIZED (SELECT cpu, number, ts, ts + dur AS end_ts FROM syscall WHERE number = 'object_remove')
SELECT c.id, f.id IS NOT NULL AND s.end_ts <= f.ts AS ok,
       'CPU ' || s.cpu || ' was in ' || s.number || ' when CPU ' || c.cpu || ' gave ' || c.kind || ' ' || c.object || ' up, which '
         || iif(f.id IS NULL, 'nobody freed', iif(s.end_ts <= f.ts, 'was freed later', 'was freed earlier')) AS what
  FROM rcu_call c JOIN reads s ON s.cpu <> c.cpu AND s.ts <= c.ts AND s.end_ts > c.ts
  LEFT JOIN rcu_free f ON f.flow = c.flow
 ORDER BY c.id
