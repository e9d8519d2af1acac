-- title: Four CPUs that free at the same time share their periods
-- points: 0
-- level: challenge
-- run: readers
-- hint: A CPU's callbacks wait together in `next`, and CPUs that ask while a period runs all wait for the same one.
WITH phase AS (SELECT min(b.id) AS first, max(e.id) AS last FROM mark_begin b JOIN mark_end e ON e.name = b.name WHERE b.name = 'together')
SELECT phase.first AS id, n.freed >= 2 * n.periods AND n.periods > 0 AS ok, n.freed || ' things are freed in ' || n.periods || ' periods' AS what
  FROM phase JOIN (SELECT count(*) AS freed, count(DISTINCT f.period) AS periods FROM rcu_free f, phase p WHERE f.id BETWEEN p.first AND p.last) n
