-- title: What is given up is freed after one of the next two periods, whatever is given up meanwhile
-- points: 3
-- level: stress
-- run: readers
-- least: 80
-- hint: `current` and the period it waits for stay as they are until that period is over; what comes meanwhile waits in `next`.
WITH called AS (SELECT c.id, c.flow, c.kind, c.object, (SELECT coalesce(max(b.period), 0) FROM rcu_period_begin b WHERE b.id < c.id) AS begun
                  FROM rcu_call c
                 WHERE c.cpu = 0 AND c.id > (SELECT id FROM mark_begin WHERE name = 'quiet')
                   AND c.id < (SELECT min(id) FROM mark_begin WHERE name = 'together'))
SELECT c.id, coalesce(f.period - c.begun <= 2, 0) AS ok,
       c.kind || ' ' || c.object || ' is given up when period ' || c.begun || ' has begun, and ' ||
         iif(f.id IS NULL, 'never freed', 'waits for period ' || f.period) AS what
  FROM called c LEFT JOIN rcu_free f ON f.flow = c.flow
 ORDER BY c.id
