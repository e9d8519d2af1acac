-- title: A CPU that computes and never calls the kernel holds a period up for a millisecond at most
-- points: 3
-- level: stress
-- run: readers
-- least: 3
-- hint: Whoever begins a period has to ask the CPUs that it waits for: what begin_period() returns goes on into `prod`.
WITH phase AS (SELECT (SELECT id FROM mark_begin WHERE name = 'compute') AS first, (SELECT id FROM mark_instant WHERE name = 'computed') AS last)
SELECT g.id, coalesce(g.dur <= 1000000, 0) AS ok,
       'period ' || g.period || iif(g.dur IS NULL, ' never ends', ' lasts ' || g.dur / 1000 || ' us') AS what
  FROM phase JOIN grace_period g ON g.id BETWEEN phase.first AND phase.last
UNION ALL
SELECT m.id, m.value = 0, m.value || ' things wait to be freed while two CPUs compute' FROM mark_instant m WHERE m.name = 'computed'
 ORDER BY 1
