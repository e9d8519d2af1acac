-- title: A period begins when the one before is over, hears of every CPU once, and ends
-- points: 4
-- level: core
-- run: readers
-- least: 40
-- hint: `holding` is a set of CPUs. Each online CPU but those that are quiescent already is in it once, and leaves it once.
WITH said AS (SELECT period, count(*) AS n, count(DISTINCT field_cpu) AS cpus, min(id) AS first, max(id) AS last
                FROM rcu_quiescent GROUP BY period),
     begun AS (SELECT b.id, b.period, lag(b.period) OVER (ORDER BY b.id) AS before, lag(e.id, 1, 0) OVER (ORDER BY b.id) AS over, e.id AS end_id
                 FROM rcu_period_begin b LEFT JOIN rcu_period_end e ON e.period = b.period)
SELECT b.id, coalesce(b.before + 1 = b.period AND b.over < b.id AND b.end_id > b.id
                      AND q.n = (SELECT count(*) FROM cpu_online) AND q.cpus = q.n AND q.first > b.id AND q.last < b.end_id, 0) AS ok,
       'period ' || b.period || ' hears ' || coalesce(q.n, 0) || ' times of ' || coalesce(q.cpus, 0) || ' CPUs and '
         || iif(b.end_id, 'ends', 'never ends') AS what
  FROM begun b LEFT JOIN said q ON q.period = b.period
 WHERE b.before AND b.id < (SELECT id FROM mark_instant WHERE name = 'settled')
 ORDER BY b.id
