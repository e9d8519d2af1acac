-- title: Nobody speaks for a CPU that is at work
-- points: 4
-- level: core
-- run: readers
-- least: 100
-- hint: A CPU says itself that it is quiescent, when its system call is done. Only for one whose cpu->idle is set may the CPU that begins the period say so.
WITH step AS (SELECT id, cpu, 'in' AS kind, NULL AS who, NULL AS cause, NULL AS period FROM syscall_enter
        UNION ALL SELECT id, cpu, 'out', NULL, NULL, NULL FROM syscall_exit
        UNION ALL SELECT id, cpu, 'says', field_cpu, cause, period FROM rcu_quiescent),
     said AS (SELECT *, max(iif(kind = 'in', id, 0)) OVER w AS last_in, max(iif(kind = 'out', id, 0)) OVER w AS last_out FROM step
              WINDOW w AS (PARTITION BY cpu ORDER BY id ROWS UNBOUNDED PRECEDING))
SELECT s.id, CASE WHEN s.cause = 'idle all the time, and not woken'
                  THEN EXISTS (SELECT 1 FROM rcu_period_begin b WHERE b.period = s.period AND b.cpu = s.cpu)
                   AND coalesce((SELECT max(i.id) FROM idle_begin i WHERE i.cpu = s.who AND i.id < s.id), 0)
                     > coalesce((SELECT max(i.id) FROM idle_end i WHERE i.cpu = s.who AND i.id < s.id), 0)
                  ELSE s.cpu = s.who AND s.last_out >= s.last_in END AS ok,
       'CPU ' || s.cpu || ' says of CPU ' || s.who || ' in period ' || s.period || ': ' || s.cause AS what
  FROM said s WHERE s.kind = 'says' ORDER BY s.id
