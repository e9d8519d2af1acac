-- title: What is given up later does not push back what waits already
-- points: 3
-- level: stress
-- run: readers
-- least: 80
-- hint: `current` and the period it waits for stay as they are until that period is over; what comes meanwhile waits in `next`.

-- Each callback of CPU 0: how many periods had begun when it was sorted in (the CPU's own next one is begun after that), and when the
-- last of those was freed that came before it. Whatever finds nothing that waits has the next period, and keeps it.
WITH called AS (SELECT c.id, c.kind, c.object, f.period, ifnull(max(ifnull(f.id, 1 << 60)) OVER (ORDER BY c.id ROWS BETWEEN UNBOUNDED PRECEDING
                  AND 1 PRECEDING), 0) < c.id AS is_first,
                (SELECT coalesce(max(b.period), 0) FROM rcu_period_begin b WHERE b.id < c.id OR (b.cpu <> 0 AND b.id <
                  (SELECT min(s.id) FROM syscall_enter s WHERE s.cpu = 0 AND s.id > c.id))) AS begun
                  FROM rcu_call c LEFT JOIN rcu_free f ON f.flow = c.flow
                 WHERE c.cpu = 0 AND c.id > (SELECT id FROM mark_begin WHERE name = 'quiet')
                   AND c.id < (SELECT min(id) FROM mark_begin WHERE name = 'together'))
SELECT id, coalesce(period - begun <= iif(is_first, 1, 2), 0) AS ok,
       kind || ' ' || object || ' is given up when period ' || begun || ' has begun' || iif(is_first, ' and nothing waits', '') || ', and ' ||
         iif(period IS NULL, 'is never freed', 'waits for period ' || period) AS what
  FROM called
 ORDER BY id
