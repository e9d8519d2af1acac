-- title: Every callback is called once, on the CPU that gave it up, and in the order in which they came
-- points: 4
-- level: core
-- run: readers
-- least: 400
-- credit: share
-- hint: A list loses its elements when it is overwritten, and its order when it is used as a stack. A CPU may be idle when its callbacks are due.
WITH freed AS (SELECT flow, id, cpu, count(*) OVER (PARTITION BY flow) AS times FROM rcu_free),
     -- it is put on the list when its pre_free is done, which may have given up something else in its turn
     listed AS (SELECT c.id, c.flow, c.cpu, c.kind, c.object, coalesce(p.id, c.id) AS listed_id
                  FROM rcu_call c LEFT JOIN rcu_pre_free p ON p.flow = c.flow),
     called AS (SELECT l.*, f.id AS freed_id, f.cpu AS freed_cpu, f.times,
                       max(f.id) OVER (PARTITION BY l.cpu ORDER BY listed_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
                  FROM listed l LEFT JOIN freed f ON f.flow = l.flow)
SELECT id, coalesce(times = 1 AND freed_cpu = cpu AND freed_id > coalesce(latest, 0), 0) AS ok,
       kind || ' ' || object || ', given up on CPU ' || cpu || ', ' ||
         CASE WHEN times IS NULL THEN 'is never freed' WHEN times > 1 THEN 'is freed ' || times || ' times'
              WHEN freed_cpu <> cpu THEN 'is freed on CPU ' || freed_cpu
              WHEN freed_id < latest THEN 'is freed before something that was given up earlier' ELSE 'is freed' END AS what
  FROM called WHERE id < (SELECT id FROM mark_instant WHERE name = 'settled')
 ORDER BY id
