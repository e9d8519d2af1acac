-- title: A CPU that is idle is neither waited for nor woken
-- points: 3
-- level: stress
-- run: readers
-- least: 20
-- hint: begin_period() looks at cpu->idle, and only the CPUs whose bits it returns are interrupted.
WITH phase AS (SELECT b.id AS first, e.id AS last FROM mark_begin b JOIN mark_end e ON e.name = b.name WHERE b.name = 'quiet')
SELECT b.id, q.cause IS 'idle all the time, and not woken' AND w.id IS NULL AS ok,
       'CPU ' || i.cpu || ', idle, in period ' || b.period || ': ' ||
         iif(w.id IS NOT NULL, 'it is interrupted', coalesce(q.cause, 'nobody speaks for it')) AS what
  FROM phase JOIN rcu_period_begin b ON b.id BETWEEN phase.first AND phase.last
  LEFT JOIN rcu_period_end e ON e.period = b.period
  JOIN idle i ON i.cpu <> b.cpu AND i.ts < b.ts AND i.ts + i.dur > coalesce(e.ts, b.ts)
  LEFT JOIN rcu_quiescent q ON q.period = b.period AND q.field_cpu = i.cpu
  LEFT JOIN ipi_send w ON w.target = i.cpu AND w.hazards & 2048 AND w.id BETWEEN b.id AND
    (SELECT coalesce(min(n.id), phase.last) FROM rcu_period_begin n WHERE n.id > b.id)
 ORDER BY b.id
