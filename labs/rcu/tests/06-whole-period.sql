-- title: What is freed has waited for a whole period, from begin to end
-- points: 5
-- level: core
-- run: readers
-- least: 400
-- hint: A period that is under way may have begun before the callback came. The first that is sure to begin later is started + 1.
SELECT f.id, coalesce(c.id < b.id AND b.id < e.id AND e.id < f.id AND c.kind = f.kind AND c.object = f.object, 0) AS ok,
       f.kind || ' ' || f.object || ' is freed after period ' || f.period || ', which ' ||
         CASE WHEN b.id IS NULL THEN 'never began' WHEN e.id IS NULL OR e.id > f.id THEN 'was not over'
              WHEN b.id < c.id THEN 'had begun before it was given up' ELSE 'it saw as a whole' END AS what
  FROM rcu_free f LEFT JOIN rcu_call c ON c.flow = f.flow LEFT JOIN rcu_period_begin b ON b.period = f.period
  LEFT JOIN rcu_period_end e ON e.period = f.period
 ORDER BY f.id
